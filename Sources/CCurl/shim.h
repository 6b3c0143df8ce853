#pragma once
#include <curl/curl.h>

// libcurl's variadic functions, one per type of argument; and the union in CURLMsg.
static inline CURLcode reactor_easy_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode reactor_easy_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode reactor_easy_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode reactor_easy_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode reactor_easy_write(CURL *easy, size_t (*call)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call);
}
static inline CURLcode reactor_easy_ssl(CURL *easy, CURLcode (*call)(CURL *, void *, void *)) {
  return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, call);
}
static inline long reactor_info_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}
static inline curl_off_t reactor_info_offset(CURL *easy, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}
static inline void *reactor_info_private(CURL *easy) {
  void *value = 0;
  return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : 0;
}
static inline CURLMcode reactor_multi_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode reactor_multi_socket(
    CURLM *multi, int (*call)(CURL *, curl_socket_t, int, void *, void *), void *data) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, data);
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, call);
}
static inline CURLMcode reactor_multi_timer(CURLM *multi, int (*call)(CURLM *, long, void *), void *data) {
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, data);
  return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, call);
}
static inline CURLcode reactor_message_result(const CURLMsg *message) { return message->data.result; }
