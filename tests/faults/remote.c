/* A remote OPA that answers for a local engine that ran out of time, and remotes that hang, talk nonsense or stop in the middle: a clear
   error within the deadline, never an allow. Usage: remote OPA_URL; the OPA has `package remote` with `slow := 1`. */
#define _GNU_SOURCE
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static sark_engine *engine;

static uint64_t milliseconds(void) {
  struct timespec now;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static sark_client *client_of(const char *url, sark_flags *flags, uint64_t timeout_ms, uint32_t fallbacks) {
  sark_error *error = NULL;
  sark_client *client = NULL;
  sark_client_options options = {.struct_size = sizeof options, .timeout_ns = timeout_ms * 1000000, .max_concurrent_fallbacks = fallbacks, .max_answer_bytes = 10000};
  OK(sark_client_new(engine, NULL, flags, url, strlen(url), NONE, &options, &client, &error));
  return client;
}

/* The remote gets its share of the time. */
static void limit_falls_back(const char *opa_url) {
  sark_error *error = NULL;
  sark_decision *decision = NULL;
  sark_client *client = client_of(opa_url, NULL, 2000, 0);
  OK(sark_client_decide(client, TEXT("data.remote.slow"), NONE, NONE, NULL, NULL, &decision, &error));
  sark_str result = sark_decision_result(decision), reason = sark_decision_fallback(decision);
  CHECK(result.length == 1 && result.data[0] == '1');
  CHECK(reason.length == 5 && memcmp(reason.data, "limit", 5) == 0);
  sark_decision_free(decision);
  sark_client_free(client);
}

/* A server that takes connections and answers each with `answer`; with NULL, it says nothing until the client goes. */
struct server {
  int socket;
  const char *answer;
  size_t length;
  char url[64];
  pthread_t thread;
};

static void *serve(void *argument) {
  struct server *server = argument;
  for (;;) {
    int connection = accept(server->socket, NULL, NULL);
    if (connection < 0) return NULL;
    char request[4096];
    ssize_t got = read(connection, request, sizeof request);
    if (got > 0 && server->answer != NULL) {
      ssize_t sent = write(connection, server->answer, server->length);
      (void)sent;
    } else {
      while (got > 0) got = read(connection, request, sizeof request);
    }
    close(connection);
  }
}

static void start(struct server *server, const char *answer, size_t length) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  server->answer = answer;
  server->length = length;
  server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(server->socket >= 0 && bind(server->socket, (struct sockaddr *)&address, size) == 0 && listen(server->socket, 16) == 0);
  CHECK(getsockname(server->socket, (struct sockaddr *)&address, &size) == 0);
  snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
}

static void stop(struct server *server) {
  shutdown(server->socket, SHUT_RDWR);
  CHECK(pthread_join(server->thread, NULL) == 0);
  close(server->socket);
}

/* Asks a remote that answers so, with a dial at 0 %. */
static void expect_answer(int32_t status, const char *answer, size_t length) {
  sark_error *error = NULL;
  sark_flags *flags = NULL;
  sark_decision *decision = NULL;
  struct server server;
  start(&server, answer, length);
  OK(sark_flags_new(TEXT("memory:"), NULL, &flags, &error));
  sark_client *client = client_of(server.url, flags, 300, 0);
  uint64_t before = milliseconds();
  EXPECT(status, sark_client_decide(client, TEXT("data.p"), BYTES("{}"), BYTES("u"), NULL, NULL, &decision, &error));
  CHECK(milliseconds() - before < 5000);
  CHECK(decision == NULL && !sark_decision_allowed(decision));
  sark_client_free(client);
  sark_flags_free(flags);
  stop(&server);
}

/* A remote that fails five times in a row is not asked for a second; then one request tries, and its success lets all through. */
static void the_breaker(void) {
  static const char good[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{\"result\": true}";
  sark_error *error = NULL;
  sark_flags *flags = NULL;
  sark_decision *decision = NULL;
  struct server server;
  start(&server, "", 0);
  OK(sark_flags_new(TEXT("memory:"), NULL, &flags, &error));
  sark_client *client = client_of(server.url, flags, 2000, 0);
#define DECIDES(status) EXPECT(status, sark_client_decide(client, TEXT("data.p"), BYTES("{}"), BYTES("u"), NULL, NULL, &decision, &error))
  for (int i = 0; i < 5; i++) DECIDES(SARK_UNAVAILABLE);
  server.length = sizeof good - 1;
  server.answer = good;
  CHECK(sark_client_decide(client, TEXT("data.p"), BYTES("{}"), BYTES("u"), NULL, NULL, &decision, &error) == SARK_UNAVAILABLE);
  sark_str message = sark_error_message(error);
  CHECK(memmem(message.data, message.length, "5 times in a row", 16) != NULL);
  sark_error_free(error);
  usleep(1100000);
  for (int i = 0; i < 3; i++) {
    DECIDES(SARK_OK);
    CHECK(sark_decision_allowed(decision));
    sark_decision_free(decision);
  }
  sark_client_free(client);
  sark_flags_free(flags);
  stop(&server);
}

#define ANSWERS(status, answer) expect_answer((status), (answer), sizeof(answer) - 1)
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static void bad_remotes(void) {
  expect_answer(SARK_LIMIT_EXCEEDED, NULL, 0);
  ANSWERS(SARK_UNAVAILABLE, "");
  ANSWERS(SARK_UNAVAILABLE, "nonsense\r\n\r\n");
  ANSWERS(SARK_UNAVAILABLE, HEAD "Content-Length: 100\r\n\r\n{\"result\": true}");
  ANSWERS(SARK_SERIALIZATION_ERROR, HEAD "Content-Length: 15\r\n\r\n{\"result\": true");
  ANSWERS(SARK_SERIALIZATION_ERROR, HEAD "Content-Length: 4\r\n\r\ntrue");
  ANSWERS(SARK_UNAVAILABLE, "HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ntrue");
  ANSWERS(SARK_UNAVAILABLE, "HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 16\r\n\r\n{\"result\": true}");
  ANSWERS(SARK_EVALUATION_ERROR, "HTTP/1.1 500 Oops\r\nContent-Length: 45\r\n\r\n{\"code\": \"internal_error\", \"message\": \"boom\"} ");
  static char large[20000];
  int head = snprintf(large, sizeof large, HEAD "Content-Length: 15000\r\n\r\n");
  memset(large + head, ' ', 15000);
  expect_answer(SARK_LIMIT_EXCEEDED, large, (size_t)head + 15000);
}

/* While one decision occupies the only place for fallbacks, at a remote that hangs, another gets its own error at once. */
static void *fall_back(void *client) {
  sark_error *error = NULL;
  sark_decision *decision = NULL;
  EXPECT(SARK_EVALUATION_ERROR, sark_client_decide(client, TEXT("data.remote.conflicting"), NONE, NONE, NULL, NULL, &decision, &error));
  return NULL;
}

static void fallbacks_are_capped(void) {
  struct server server;
  pthread_t first;
  start(&server, NULL, 0);
  sark_client *client = client_of(server.url, NULL, 2000, 1);
  uint64_t before = milliseconds();
  CHECK(pthread_create(&first, NULL, fall_back, client) == 0);
  usleep(200000);
  uint64_t second = milliseconds();
  fall_back(client);
  CHECK(milliseconds() - second < 1000);
  CHECK(pthread_join(first, NULL) == 0);
  CHECK(milliseconds() - before >= 900);
  sark_client_free(client);
  stop(&server);
}

int main(int argc, char **argv) {
  sark_error *error = NULL;
  CHECK(argc > 1);
  OK(sark_engine_new(NULL, &engine, &error));
  OK(sark_engine_load_policy(engine, TEXT("remote"),
                             TEXT("package remote\nconflicting := 1\nconflicting := 2\n"
                                  "slow := count([1 | r := numbers.range(1, 4000); some i in r; some j in r; some k in r; i * j * k == 0])"),
                             NULL, NULL, &error));
  limit_falls_back(argv[1]);
  bad_remotes();
  fallbacks_are_capped();
  the_breaker();
  sark_engine_free(engine);
  printf("remote: slow, hanging and broken remotes got their answers, none an allow\n");
  return 0;
}
