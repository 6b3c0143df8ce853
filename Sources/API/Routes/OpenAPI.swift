/// `GET /openapi.json`: this register as OpenAPI 3.1; printed once, then served from memory.
extension Route {
  static let openAPI = Route(
    .get, "/openapi.json", name: "openapi", summary: "OpenAPI document",
    about: "This API as an OpenAPI 3.1 document.",
    answers: [Answer(200, "The document", .any("An OpenAPI 3.1 document"))]
  ) { call in
    call.answer(200, with: call.documents.openAPI)
  }
}
