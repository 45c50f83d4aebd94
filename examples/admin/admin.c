/* The admin API and its page in a C program: a server of one connection at a time, which is what an admin port needs.

     cc -std=c99 $(pkg-config --cflags sark) examples/admin/admin.c -o admin $(pkg-config --libs sark)
     ADMIN_TOKEN=$(openssl rand -hex 24) ./admin 8080 redis://localhost:6379

   Then http://localhost:8080/admin/ asks for the token. Behind it stands your own TLS: this server speaks plain HTTP, on the loopback. */
#define _POSIX_C_SOURCE 200809L
#include <sark.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A request beyond this is no request for an admin. Bodies end at 64 KiB; the library says so to who sends more. */
enum { MAX_HEAD = 16 << 10, MAX_BODY = (64 << 10) + 1, MAX_REQUEST = MAX_HEAD + MAX_BODY };

typedef struct request {
  char *method, *target, *headers, *body;
  size_t method_length, target_length, headers_length, body_length;
} request;

/* Prints what went wrong, frees it, and ends. */
static void die(sark_error *error) {
  fprintf(stderr, "admin: %.*s\n", (int)sark_error_message(error).length, sark_error_message(error).data);
  sark_error_free(error);
  exit(1);
}

static size_t body_length(const char *head) {
  const char *line = head;
  while ((line = strstr(line, "\r\n")) != NULL) {
    line += 2;
    if (strncasecmp(line, "content-length:", 15) == 0) return (size_t)strtoul(line + 15, NULL, 10);
  }
  return 0;
}

/* Reads until the head is whole, then its body; false where the client sends something else, or nothing for a while. */
static int receive(int client, char *memory, request *made) {
  size_t got = 0, wanted = MAX_REQUEST, head = 0;
  while (got < wanted) {
    ssize_t part = recv(client, memory + got, MAX_REQUEST - got, 0);
    char *end;
    if (part <= 0) return 0;
    got += (size_t)part;
    memory[got] = '\0';
    if (head == 0 && (end = strstr(memory, "\r\n\r\n")) != NULL) {
      size_t length = body_length(memory);
      head = (size_t)(end - memory) + 4;
      wanted = head + (length < MAX_BODY ? length : MAX_BODY);
    }
    if (head == 0 && got > MAX_HEAD) return 0;
  }
  if (head == 0) return 0;
  made->method = memory;
  made->method_length = strcspn(memory, " \r");
  made->target = memory + made->method_length + 1;
  made->target_length = strcspn(made->target, " \r");
  made->headers = strstr(memory, "\r\n") + 2;
  made->headers_length = head - (size_t)(made->headers - memory) - 2;
  made->body = memory + head;
  made->body_length = got - head;
  return made->method_length > 0 && memory[made->method_length] == ' ';
}

static void send_all(int client, const void *data, size_t length) {
  const char *rest = data;
  while (length > 0) {
    ssize_t sent = send(client, rest, length, MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest += sent;
    length -= (size_t)sent;
  }
}

static void answer(int client, const sark_admin *admin, sark_buffer *headers, sark_buffer *body) {
  static char memory[MAX_REQUEST + 1];
  char line[128];
  uint32_t status = 400;
  request got;
  sark_error *error = NULL;
  if (!receive(client, memory, &got)) return;
  if (sark_admin_handle(admin, (uint8_t *)got.method, got.method_length, (uint8_t *)got.target, got.target_length,
                        (uint8_t *)got.headers, got.headers_length, (uint8_t *)got.body, got.body_length, &status, headers,
                        body, &error) != SARK_OK)
    die(error);
  snprintf(line, sizeof line, "HTTP/1.1 %u .\r\nContent-Length: %llu\r\nConnection: close\r\n", (unsigned)status,
           (unsigned long long)body->length);
  send_all(client, line, strlen(line));
  send_all(client, headers->data, headers->length);
  send_all(client, "\r\n", 2);
  send_all(client, body->data, body->length);
}

static int listen_on(unsigned short port) {
  struct sockaddr_in address;
  int yes = 1, server = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 16) != 0) {
    perror("admin");
    exit(1);
  }
  return server;
}

/* What happened since the last request: a line each. Your logger goes here. */
static void log_events(const sark_flags *flags, sark_buffer *buffer) {
  while (sark_flags_next(flags, 0, buffer, NULL) == SARK_OK) fprintf(stderr, "%.*s\n", (int)buffer->length, (const char *)buffer->data);
}

int main(int argc, char **argv) {
  const char *token = getenv("ADMIN_TOKEN");
  struct timeval patience = {5, 0};
  char tokens[256];
  sark_admin_options options;
  sark_flags *flags = NULL;
  sark_admin *admin = NULL;
  sark_error *error = NULL;
  sark_buffer *headers = sark_buffer_new(), *body = sark_buffer_new();
  int server;
  if (argc != 3 || !token || strlen(token) > 128) {
    fprintf(stderr, "usage: ADMIN_TOKEN=… admin PORT FLAGS_URL\n");
    return 2;
  }
  snprintf(tokens, sizeof tokens, "[{\"name\":\"ops\",\"token\":\"%s\",\"role\":\"write\"}]", token);
  if (sark_flags_new(argv[2], strlen(argv[2]), NULL, &flags, &error) != SARK_OK) die(error);
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.flags = flags;
  if (sark_admin_new((uint8_t *)tokens, strlen(tokens), &options, &admin, &error) != SARK_OK) die(error);
  server = listen_on((unsigned short)atoi(argv[1]));
  fprintf(stderr, "http://127.0.0.1:%s/admin/\n", argv[1]);
  for (;;) {
    int client = accept(server, NULL, NULL);
    if (client < 0) continue;
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    answer(client, admin, headers, body);
    close(client);
    log_events(flags, body);
  }
}
