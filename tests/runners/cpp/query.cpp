#include "world.hpp"

namespace {

outcome evaluate(world &world, const cJSON *args, const char *) {
  const argument input(args_json(args, "input"));
  return answered(world.query.evaluate(input.view(), world.buffer, evaluate_options(args)));
}

outcome evaluate_input(world &world, const cJSON *args, const char *) {
  return answered(world.query.evaluate(world.input, world.buffer, evaluate_options(args)));
}

outcome allows(world &world, const cJSON *args, const char *) {
  const argument input(args_json(args, "input"));
  sark::error error;
  const bool yes = world.query.allows(input, &error, evaluate_options(args));
  return predicate(yes, error);
}

std::string_view text_of(const cJSON *form, const char *name) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(form, name));
  return text ? text : "";
}

outcome answer_of(const sark::batch_answer &answer) {
  if (answer.status == sark::status::ok) return outcome_json(answer.json.data(), answer.json.size());
  if (answer.status == sark::status::undefined) return outcome_of(OUTCOME_UNDEFINED);
  cJSON *form = cJSON_ParseWithLength(answer.json.data(), answer.json.size());
  const auto name = sark::status_name(answer.status), code = text_of(form, "code"), message = text_of(form, "message");
  const auto made = outcome_error(name.data(), name.size(), code.data(), code.size(), message.data(), message.size(),
                                  answer.json.data(), answer.json.size());
  cJSON_Delete(form);
  return made;
}

outcome evaluate_batch(world &world, const cJSON *args, const char *) {
  sark::batch batch;
  const cJSON *one;
  cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(args, "inputs")) batch.add(argument(args_print(one)));
  auto made = done(world.query.evaluate_batch(batch, evaluate_options(args)));
  if (made.kind != OUTCOME_DONE) return made;
  made.kind = OUTCOME_ANSWERS;
  made.count = batch.answered();
  made.answers = static_cast<outcome *>(args_allocate(made.count, sizeof *made.answers));
  for (std::size_t i = 0; i < made.count; i++) made.answers[i] = answer_of(batch.answer(i));
  return made;
}

outcome close(world &world, const cJSON *, const char *) {
  world.query.close();
  return outcome_of(OUTCOME_DONE);
}

} // namespace

call query_call(std::string_view name) {
  static constexpr verb verbs[] = {{"evaluate", evaluate},
                                   {"evaluate_input", evaluate_input},
                                   {"allows", allows},
                                   {"evaluate_batch", evaluate_batch},
                                   {"close", close}};
  return find_call(verbs, name);
}
