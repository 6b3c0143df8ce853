/// Requests and streams of requests the tests take apart in every way, good and bad.
enum HTTPCorpus {
  /// Streams that are accepted.
  static let good: [String] = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /v1/orderflow/BTC?window=60&x=%2F HTTP/1.1\r\nHost: 127.0.0.1:8100\r\nAccept: */*\r\n\r\n",
    "HEAD /health HTTP/1.0\r\n\r\n",
    "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nhOsT:a\r\n\r\n",
    "GET http://example.com HTTP/1.1\r\nHost: other\r\n\r\n",
    "GET HTTPS://[::1]:8100/p?q HTTP/1.1\r\nHost: [::1]:8100\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "POST /w HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "PUT /w HTTP/1.1\r\nHost: a\r\ntransfer-encoding:\tChunked \r\n\r\n"
      + "1\r\na\r\n00A;x=\"y\"\r\nbcdefghijk\r\n0;z\r\nT: v\r\n\r\n",
    "DELETE /x HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\n\r\n",
    "PATCH /x HTTP/1.1\r\nHost: a\r\nConnection: foo\r\nConnection: , Upgrade ,\r\nUpgrade: websocket\r\n\r\n",
    "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
    "BREW /pot HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Tabs:\t a\tb \t\r\nX-High: \u{e9}\r\n\r\n",
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
  ]

  /// The row with a head `GET / HTTP/1.1`, `Host: a` and `lines`.
  static func with(_ lines: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n" }
  /// The row of a chunked POST with the raw chunks `raw`.
  static func chunks(_ raw: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(raw)"
  }
}
