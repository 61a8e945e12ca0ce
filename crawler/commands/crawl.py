"""`scrapy crawl`: as Scrapy's own, and recorded: it makes and claims its own job."""

import argparse

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from crawler.byhand import claim_crawl
from crawler.process import status_of
from crawler.run import Run, open_run
from crawler.sources import source_of, source_of_profile
from lantian.errors import LantianError
from lantian.model import Source
from lantian.reading import find_profile
from lantian.settings import load_settings
from lantian.store import jobs
from lantian.wiring import Parts, open_parts
from lantian.worker.held import held


class Command(ScrapyCrawl):
    """Crawls the source (`-a source=`), the profile (`-a profile=`) or the address (`-a url=`)."""

    def short_desc(self) -> str:
        """One line for `scrapy -h`."""
        return "Crawl a source (-a source=NAME, -a profile=NAME or -a url=ADDRESS)"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider over the source, in this process."""
        if len(args) != 1:
            raise UsageError("give the name of one spider")
        try:
            self._record(args[0], opts)
        except LantianError as error:
            raise UsageError(str(error), print_help=False) from error

    def _record(self, spider: str, opts: argparse.Namespace) -> None:
        parts = open_parts(load_settings())
        source = _source(parts, opts.spargs)
        if source.kind != spider:
            raise UsageError(f"source {source.name} is crawled by the spider {source.kind}")
        claim = claim_crawl(parts, source)
        with held(parts.store, claim):
            run = open_run(parts, claim)
            self._start(run, {k: v for k, v in opts.spargs.items() if k not in _OURS})
            if run.finished:
                with parts.store.write() as session:
                    jobs.finish(session, claim, now=parts.clock.now())
        self.exitcode = status_of(run)

    def _start(self, run: Run, arguments: dict[str, str]) -> None:
        process = self.crawler_process
        assert process is not None  # noqa: S101  (Scrapy sets it before `run`)
        process.crawl(run.spider, run=run, **arguments)
        process.start()


_OURS = frozenset({"source", "profile", "url"})


def _source(parts: Parts, arguments: dict[str, str]) -> Source:
    now = parts.clock.now()
    folders = [parts.settings.profiles_dir] if parts.settings.profiles_dir else []
    with parts.store.write() as session:
        if "profile" in arguments:
            source = source_of_profile(
                session, find_profile(arguments["profile"], folders), now=now
            )
        elif "source" in arguments or "url" in arguments:
            source = source_of(session, arguments.get("source") or arguments["url"], now=now)
        else:
            raise UsageError("give -a source=NAME, -a profile=NAME or -a url=ADDRESS")
        _ = source.permissions
        return source
