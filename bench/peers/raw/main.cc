// What the machine can do without a format. One argument: a request as JSON, or { "requests": [...] }. The last line of
// the output is the reply as JSON.
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "json.h"
#include "measured.h"

namespace {

std::uint64_t memoryLine(const char* name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name, 0) == 0) return std::stoull(line.substr(std::strlen(name))) * 1024;
  }
  return 0;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char one : text) {
    if (one == '"' || one == '\\') result += '\\';
    result += one == '\n' ? ' ' : one;
  }
  return result + "\"";
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9f", value);
  return text;
}

std::string encode(const Reply& reply) {
  std::string times;
  for (const double time : reply.times) times += (times.empty() ? "" : ", ") + number(time);
  const std::string seconds = number(reply.times.empty() ? 0 : reply.times.front());
  return "{\"seconds\": " + seconds + ", \"blockingSeconds\": " + seconds + ", \"times\": [" + times +
         "], \"bytes\": " + std::to_string(reply.bytes) + ", \"peakRssBytes\": " + std::to_string(reply.peakRss) +
         ", \"verifies\": " + (reply.verifies ? "true" : "false") + ", \"syncs\": " +
         (reply.syncs ? "true" : "false") + ", \"operations\": " + std::to_string(reply.operations) +
         ", \"how\": " + quoted(reply.how) + "}";
}

std::string answer(const Json& request) {
  const std::string run = request.text("run");
  try {
    if (run == "info") return "{\"versions\": {\"compiler\": " + quoted(__VERSION__) + "}}";
    if (run == "memcpy") return encode(memcpyRun(request));
    if (run == "write") return encode(writeRun(request));
    if (run == "read") return encode(readRun(request));
    if (run == "evict") return encode(evictRun(request));
    if (run == "touch") return encode(touchRun(request));
    if (run == "protocol" || run == "syncs") return encode(protocolRun(request));
  } catch (const Unavailable& here) {
    return "{\"unavailable\": " + quoted(here.reason) + "}";
  }
  throw std::runtime_error("there is no run '" + run + "'");
}

}  // namespace

void PeakMemory::start() {
  std::ofstream("/proc/self/clear_refs") << "5";
  before_ = memoryLine("VmRSS:");
}

std::uint64_t PeakMemory::bytes() const {
  const std::uint64_t peak = memoryLine("VmHWM:");
  return peak > before_ ? peak - before_ : 0;
}

void repeat(std::uint64_t times, Reply* reply, const std::function<void()>& before, const std::function<void()>& run) {
  for (std::uint64_t i = 0; i < times; ++i) {
    before();
    PeakMemory memory;
    memory.start();
    const auto started = std::chrono::steady_clock::now();
    run();
    reply->times.push_back(secondsSince(started));
    reply->peakRss = std::max(reply->peakRss, memory.bytes());
  }
}

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: raw REQUEST, which is JSON\n");
    return 2;
  }
  try {
    const Json request = Json::parse(arguments[1]);
    std::string reply;
    if (request.has("requests")) {
      for (const Json& one : request.at("requests").items()) reply += (reply.empty() ? "" : ", ") + answer(one);
      reply = "{\"replies\": [" + reply + "]}";
    } else {
      reply = answer(request);
    }
    std::printf("%s\n", reply.c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
