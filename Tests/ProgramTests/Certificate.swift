import Foundation
import Testing

/// A server's certificate, its key and the authority that signed it.
struct Certificate {
  let cert: String
  let key: String
  let authority: String

  /// Negative days make a certificate that has expired.
  init(_ folder: TemporaryFolder, name: String, days: Int) throws {
    let path = { (name: String) in folder.url.appending(path: name).path }
    (cert, key, authority) = (path("cert.pem"), path("key.pem"), path("ca.pem"))
    let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    try run("req -x509 \(newKey) -keyout \(path("ca.key")) -out \(authority) -subj /CN=authority -days 2")
    try run("req \(newKey) -keyout \(key) -out \(path("csr")) -subj /CN=exchange")
    let extensions = try folder.write("ext", "subjectAltName=\(name)\n")
    try run(
      "x509 -req -in \(path("csr")) -CA \(authority) -CAkey \(path("ca.key")) -CAcreateserial"
        + " -days \(days) -extfile \(extensions) -out \(cert)")
  }

  private func run(_ command: String) throws {
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/usr/bin/openssl")
    openssl.arguments = command.split(separator: " ").map(String.init)
    openssl.standardError = FileHandle.nullDevice
    openssl.standardOutput = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0, "openssl \(command)")
  }
}
