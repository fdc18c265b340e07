"""The discovery document of ``commentanalyzer`` ``v1alpha1``, from which Google's client libraries build themselves.

Format: developers.google.com/discovery/v1/reference/apis. Names and types are those of the document that Google serves (see
:mod:`tocsin_service.compat.perspective_requests`), the descriptions our own. It names no OAuth scopes: with them, google-api-python-client
would look for Google credentials where no key is given.
"""

from __future__ import annotations

from typing import Any

from tocsin_service.compat.perspective_requests import Attribute
from tocsin_service.requests import Offsets

Json = dict[str, Any]


def document(root: str) -> Json:
    """The document of a service at ``root``, an address that ends in a slash."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "version": "v1alpha1",
        "revision": "20240101",
        "title": "Perspective Comment Analyzer API, answered by Tocsin",
        "description": "Scores of threats and violent incitement in English text, in the wire format of the Perspective API.",
        "protocol": "rest",
        "rootUrl": root,
        "servicePath": "",
        "baseUrl": root,
        "basePath": "",
        "batchPath": "batch",
        "parameters": _PARAMETERS,
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "AnalyzeComment", "Scores a comment."),
                    "suggestscore": _method("suggestscore", "SuggestCommentScore", "Suggests what a comment should score."),
                }
            }
        },
        "schemas": {name: {"id": name, "type": "object", "properties": properties} for name, properties in _SCHEMAS.items()},
    }


def _method(name: str, message: str, description: str) -> Json:
    path = f"v1alpha1/comments:{name}"
    return {
        "id": f"commentanalyzer.comments.{name}",
        "description": description,
        "httpMethod": "POST",
        "path": path,
        "flatPath": path,
        "parameterOrder": [],
        "parameters": {"offsets": _OFFSETS},
        "request": {"$ref": f"{message}Request"},
        "response": {"$ref": f"{message}Response"},
    }


def _type(kind: str, description: str = "", **more: object) -> Json:
    return {"type": kind, **({"description": description} if description else {}), **more}


def _ref(name: str, description: str) -> Json:
    return {"$ref": name, "description": description}


def _list(items: Json, description: str) -> Json:
    return _type("array", description, items=items)


def _map(name: str, description: str) -> Json:
    return _type("object", description, additionalProperties={"$ref": name})


def _query(description: str, **more: object) -> Json:
    return {**_type("string", description), "location": "query", **more}


_OFFSETS = _query(
    "Tocsin's own: the unit of begin and end. utf16, the default, is Perspective's.", enum=[unit.value for unit in Offsets], default="utf16"
)
_PARAMETERS = {
    "$.xgafv": _query("Ignored: there is one error format.", enum=["1", "2"]),
    "access_token": _query("Ignored."),
    "alt": _query("Format of the answer.", enum=["json"], default="json"),
    "callback": _query("Ignored."),
    "fields": _query("Ignored: every field is sent."),
    "key": _query("API key, where the service asks for one."),
    "oauth_token": _query("Ignored."),
    "prettyPrint": _query("Ignored.", type="boolean", default="true"),
    "quotaUser": _query("Ignored."),
    "uploadType": _query("Ignored."),
    "upload_protocol": _query("Ignored."),
}
_SCORE_TYPE = _type("string", "Tocsin's scores are probabilities.", enum=["SCORE_TYPE_UNSPECIFIED", "PROBABILITY"])
_TOKEN = _type("string", "Echoed.")
_ASKED: Json = {
    "comment": _ref("TextEntry", "The comment."),
    "context": _ref("Context", "What the comment replies to; changes no score."),
    "languages": _list(_type("string"), "Its languages, ISO 639-1 or BCP 47; detected where none are given."),
    "doNotStore": _type("boolean", "Keep nothing. Texts that are analysed are never kept, suggestions are if the operator says so."),
    "clientToken": _TOKEN,
    "sessionId": _type("string", "Kept with a suggestion."),
    "communityId": _type("string", "Kept with a suggestion."),
}
_SCHEMAS: dict[str, Json] = {
    "AnalyzeCommentRequest": {
        **_ASKED,
        "requestedAttributes": _map("AttributeParameters", f"What to score, by name: {', '.join(Attribute)}."),
        "spanAnnotations": _type("boolean", "Score every sentence, too."),
        "dropUnsupportedAttributes": _type("boolean", "Leave out what can't be scored instead of answering with an error."),
    },
    "AnalyzeCommentResponse": {
        "attributeScores": _map("AttributeScores", "The scores, by attribute."),
        "languages": _list(_type("string"), "The languages given, or the one detected."),
        "detectedLanguages": _list(_type("string"), "The language detected."),
        "clientToken": _TOKEN,
    },
    "SuggestCommentScoreRequest": {**_ASKED, "attributeScores": _map("AttributeScores", "What the scores should be, by attribute.")},
    "SuggestCommentScoreResponse": {
        "clientToken": _TOKEN,
        "requestedLanguages": _list(_type("string"), "The languages given."),
        "detectedLanguages": _list(_type("string"), "The language detected."),
    },
    "AttributeParameters": {
        "scoreType": _SCORE_TYPE,
        "scoreThreshold": _type("number", "Scores below it are left out.", format="float"),
    },
    "AttributeScores": {
        "summaryScore": _ref("Score", "Of the whole comment: its highest sentence."),
        "spanScores": _list({"$ref": "SpanScore"}, "Of every sentence, or of the whole comment once."),
    },
    "SpanScore": {
        "begin": _type("integer", "First UTF-16 code unit of the span.", format="int32"),
        "end": _type("integer", "One past its last UTF-16 code unit.", format="int32"),
        "score": _ref("Score", "The score of the span."),
    },
    "Score": {"value": _type("number", "From 0 to 1.", format="float"), "type": _SCORE_TYPE},
    "Context": {
        "entries": _list({"$ref": "TextEntry"}, "Earlier messages."),
        "articleAndParentComment": _ref("ArticleAndParentComment", "An article and the comment replied to."),
    },
    "ArticleAndParentComment": {
        "article": _ref("TextEntry", "The article."),
        "parentComment": _ref("TextEntry", "The comment replied to."),
    },
    "TextEntry": {
        "text": _type("string", "The text."),
        "type": _type("string", "What it is.", enum=["TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML"]),
    },
}
