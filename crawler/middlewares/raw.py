"""Keeps every answer as it came from the network, below decompression."""

from scrapy import Request
from scrapy.http import Response

from crawler.answer import Answer, received


class RawMiddleware:
    """Leaves the last answer in the request's `meta`; browsers bring their own."""

    def process_response(self, request: Request, response: Response) -> Response:
        """The response, unchanged."""
        if "row" in request.meta and not isinstance(request.meta.get("answer"), Answer):
            request.meta["answer"] = received(response, request)
        return response

    def process_request(self, request: Request) -> None:
        """Forget the answer of an earlier try or hop."""
        request.meta.pop("answer", None)
