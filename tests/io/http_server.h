// A small HTTP server on the loopback interface that serves one file by ranges, and a client for it: real sockets, real
// requests, one connection each.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cairn/core/error.h>
#include <cairn/core/value.h>

class HttpServer {
 public:
  explicit HttpServer(cairn::Bytes file) : file_(std::move(file)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address_), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size) != 0)
      throw cairn::IoError("no socket on the loopback interface");
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint64_t size() const { return file_.data.size(); }
  int requests() const { return requests_; }

  /// What an application would write: one request for a range.
  void get(std::uint64_t offset, std::span<std::byte> to) const {
    const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0)
      throw cairn::IoError("the server does not answer");
    send_all(connection, "GET /file HTTP/1.1\r\nHost: localhost\r\nRange: bytes=" + std::to_string(offset) + "-" +
                             std::to_string(offset + to.size() - 1) + "\r\nConnection: close\r\n\r\n");
    const std::string head = receive_head(connection);
    bool whole = head.starts_with("HTTP/1.1 206 ");
    for (std::size_t done = 0; whole && done < to.size();) {
      const ssize_t count = ::recv(connection, to.data() + done, to.size() - done, 0);
      whole = count > 0;
      done += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    ::close(connection);
    if (!whole) throw cairn::IoError("the server answered " + head.substr(0, head.find('\r')));
  }

 private:
  static void send_all(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// Up to the empty line and no further.
  static std::string receive_head(int connection) {
    std::string head;
    for (char letter; !head.ends_with("\r\n\r\n") && ::recv(connection, &letter, 1, 0) == 1;) head += letter;
    return head;
  }

  void serve() {
    for (int connection; (connection = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(connection)) {
      const std::string head = receive_head(connection);
      unsigned long long first = 0, last = 0;
      const std::size_t range = head.find("Range: bytes=");
      if (range == head.npos || std::sscanf(head.c_str() + range, "Range: bytes=%llu-%llu", &first, &last) != 2 ||
          first > last || last >= size()) {
        send_all(connection, "HTTP/1.1 416 Range Not Satisfiable\r\n\r\n");
        continue;
      }
      ++requests_;
      send_all(connection,
               "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(last - first + 1) + "\r\n\r\n");
      send_all(connection, {reinterpret_cast<const char*>(file_.data.data()) + first, last - first + 1});
    }
  }

  cairn::Bytes file_;
  int listener_;
  sockaddr_in address_{};
  std::atomic<int> requests_ = 0;
  std::thread thread_;
};
