/// The documents printed from the register, made when first asked for and then kept (about 40 KB together).
import Base
import Wire

final class Documents {
  private let routes: [Route]
  private let version: String

  init(_ routes: [Route], version: String) {
    self.routes = routes
    self.version = version
  }

  /// The OpenAPI document.
  private(set) lazy var openAPI: ByteBuffer = {
    let buffer = ByteBuffer(capacity: 16_384)
    var json = JSONWriter(into: buffer)
    var document = OpenAPIDocument(routes, version: version)
    document.write(&json)
    return buffer
  }()

  /// The documentation page.
  private(set) lazy var page: ByteBuffer = {
    let buffer = ByteBuffer(capacity: 16_384)
    DocsPage.write(routes, version: version, to: buffer)
    return buffer
  }()
}
