/// `GET /docs`: the documentation page; one self-contained piece of HTML, printed once.
extension Route {
  static let docs = Route(
    .get, "/docs", name: "docs", summary: "Documentation",
    about: "This page: every route with its parameters and an example answer. Works without internet.",
    answers: [Answer(200, "The page", nil)]
  ) { call in
    call.answer(200, html: call.documents.page)
  }
}
