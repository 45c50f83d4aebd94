// Decide the gateway's requests with sark, from C++17.
//
// Usage: demo_cpp POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE    (see demo.py)
//
// No JSON library is needed: a decision is compact JSON with sorted keys and "allow" is the first of its keys, so an
// allowed one begins with {"allow":true and a comma or a brace.
#include <sark.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace fs = std::filesystem;

struct summary {
  int decisions = 0, allowed = 0, denied = 0, undefined = 0, errors = 0;
  double seconds = 0;
};

[[noreturn]] void die(std::string_view what, std::string_view why) {
  std::cerr << "demo_cpp: " << what << ": " << why << '\n';
  std::exit(1);
}

// The value, or the end of the program.
template <class T> T must(std::string_view what, sark::result<T> result) {
  if (result.failed()) die(what, result.error().message());
  if (!result.ok()) die(what, sark::status_name(result.status()));
  return std::move(result).value();
}

void must(std::string_view what, const sark::result<void> &result) {
  if (result.failed()) die(what, result.error().message());
}

std::string read(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(path.string(), "cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

// An engine with every policy of a directory, named after its file, at once: they may use one another.
sark::engine load(const fs::path &policies, const fs::path &data, const sark::engine_options &options = {}) {
  auto engine = must("engine", sark::engine::make(options));
  auto update = must("update", engine.begin_update());
  for (const auto &entry : fs::directory_iterator(policies)) {
    const auto &path = entry.path();
    if (path.extension() == ".rego") must(path.string(), update.load_policy(path.stem().string(), read(path)));
  }
  must(data.string(), update.set_data(read(data)));
  must("commit", update.commit());
  return engine;
}

bool is_allowed(std::string_view decision) {
  constexpr std::string_view start = R"({"allow":true)";
  return decision.substr(0, start.size()) == start && decision.size() > start.size() &&
         (decision[start.size()] == ',' || decision[start.size()] == '}');
}

// A request's decision as a line.
void tell(std::string &lines, const sark::result<std::string_view> &decision, summary &told) {
  told.decisions++;
  if (decision.failed()) {
    told.errors++;
    lines.append("error ").append(decision.error().status_name());
  } else if (decision.undefined()) {
    told.undefined++;
    lines.append("undefined");
  } else {
    (is_allowed(*decision) ? told.allowed : told.denied)++;
    lines.append(*decision);
  }
  lines.push_back('\n');
}

summary decide_all(const fs::path &policies, const fs::path &data, const fs::path &requests_file,
                   const fs::path &output) {
  const auto engine = load(policies, data);
  const auto query = must("prepare", engine.prepare("data.gateway.decision"));
  const auto requests = read(requests_file);
  std::string_view rest = requests;
  std::string lines;
  sark::buffer answer;
  summary told;

  const auto started = std::chrono::steady_clock::now();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    tell(lines, query.evaluate(line, answer), told);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  told.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();

  std::ofstream file(output, std::ios::binary);
  if (!(file << lines).flush()) die(output.string(), "cannot be written");
  return told;
}

// Azure's confidential container policy, which is written in Rego v0.
std::string decide_aci(const fs::path &directory) {
  sark::engine_options options;
  options.rego_version = sark::rego_version::v0;
  const auto engine = load(directory, directory / "data.json", options);
  sark::buffer answer;
  const auto input = read(directory / "input.json");
  return std::string(must("aci", engine.evaluate("data.framework.mount_overlay", input, answer)));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 6) {
    std::cerr << "usage: demo_cpp POLICY_DIR DATA_JSON REQUESTS_JSONL ACI_DIR OUT_FILE\n";
    return 2;
  }
  const auto told = decide_all(argv[1], argv[2], argv[3], argv[5]);
  std::printf("{\"language\":\"cpp\",\"decisions\":%d,\"allowed\":%d,\"denied\":%d,\"undefined\":%d,\"errors\":%d,"
              "\"seconds\":%.6f,\"aci\":%s}\n",
              told.decisions, told.allowed, told.denied, told.undefined, told.errors, told.seconds,
              decide_aci(argv[4]).c_str());
}
