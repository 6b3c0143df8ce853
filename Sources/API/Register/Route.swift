/// One endpoint: method, path, parameters, answers and the handler that writes the answer.
///
/// Each route is a value in a file of its own under `Routes/` and listed once in `Routes.swift`. Everything
/// else — matching, parsing and refusing parameters, the OpenAPI text, the documentation page — is driven by
/// it.
public struct Route: Sendable {
  /// The methods routes are registered for; HEAD is answered wherever GET is.
  public enum Method: Int, Sendable, CaseIterable {
    /// Reads.
    case get
    /// Creates or records.
    case post
    /// Replaces.
    case put
    /// Changes.
    case patch
    /// Removes.
    case delete

    /// As written in the request line.
    public var text: StaticString {
      switch self {
      case .get: "GET"
      case .post: "POST"
      case .put: "PUT"
      case .patch: "PATCH"
      case .delete: "DELETE"
      }
    }
  }

  /// One possible answer.
  public struct Answer: Sendable {
    /// The HTTP status.
    public let status: Int
    /// When it is given, in one sentence.
    public let about: String
    /// What the JSON looks like; `nil` for what is none.
    public let schema: Schema?
    /// The media type.
    public let type: String
    /// A real answer; empty when there is none to show.
    public let example: String

    /// The answer `status`, shaped like `schema`.
    public init(_ status: Int, _ about: String, _ schema: Schema?, example: String = "") {
      self.status = status
      self.about = about
      self.schema = schema
      type = schema == nil ? "text/html" : "application/json"
      self.example = example
    }

    /// The answer `status` of media type `text`.
    public init(_ status: Int, _ about: String, text type: String, example: String = "") {
      self.status = status
      self.about = about
      schema = nil
      self.type = type
      self.example = example
    }
  }

  /// The method.
  public let method: Method
  /// The path, `/v1/orderflow/{coin}`; each `{name}` is one segment and one of `parameters`.
  public let path: StaticString
  /// Short name, unique; the operation id and the prefix of its golden answers.
  public let name: String
  /// A few words.
  public let summary: String
  /// What the reader of the documentation should know.
  public let about: String
  /// Path parameters in the path's order, then query parameters; errors are reported in this order.
  public let parameters: [Parameter]
  /// The JSON object it takes; `nil` for routes without a body. Only JSON is accepted: a page of another origin
  /// cannot send that without being asked about first.
  public let body: BodySchema?
  /// The path of a real request, to try.
  public let example: String
  /// What it may answer, success first. The refusal of parameters and bodies (422) and of strangers (401) is
  /// added by itself.
  public let answers: [Answer]
  /// Whether answers carry an entity tag (`RouteCall.version`), so that 304 may be answered.
  public let isTagged: Bool
  /// Whether it is answered without a token where reads are protected, for probes that carry none; its answer
  /// tells nothing of what is followed.
  public let isOpen: Bool
  let answer: @Sendable (RouteCall) -> Void

  /// The most parameters of one route.
  public static let parametersMax = 12

  init(
    _ method: Method, _ path: StaticString, name: String, summary: String, about: String,
    parameters: [Parameter] = [], body: BodySchema? = nil, example: String? = nil, answers: [Answer],
    isTagged: Bool = false, isOpen: Bool = false, answer: @escaping @Sendable (RouteCall) -> Void
  ) {
    precondition(parameters.count <= Route.parametersMax)
    self.method = method
    self.path = path
    self.name = name
    self.summary = summary
    self.about = about
    self.parameters = parameters
    self.body = body
    self.example = example ?? "\(path)"
    self.answers = answers
    self.isTagged = isTagged
    self.isOpen = isOpen
    self.answer = answer
  }

  /// Whether a request can fail on its parameters.
  var canRefuse: Bool {
    body != nil
      || parameters.contains {
        if case .text = $0.kind { return false }
        return true
      }
  }
}
