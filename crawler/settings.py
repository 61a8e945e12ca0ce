"""The settings of the Scrapy project; those of Lantian itself are `lantian.settings`."""

from scrapy.settings import default_settings

from lantian.settings import load_settings

_lantian = load_settings()

BOT_NAME = "lantian"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.commands"

# Honest and gentle: who we are, what robots.txt allows, no faster than the site answers.
USER_AGENT = f"Lantian/0.1 (+{_lantian.contact})" if _lantian.contact else "Lantian/0.1"
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "Lantian"
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
}
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = _lantian.crawl_delay
AUTOTHROTTLE_MAX_DELAY = 60.0
DOWNLOAD_DELAY = _lantian.crawl_delay
DOWNLOAD_DELAY_JITTER = 0.3
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 2
# Scrapy starts that many tasks for each page's output: its 100 cost more than all our reading.
CONCURRENT_ITEMS = 2
RETRY_TIMES = 2

# What hostile pages may cost.
DOWNLOAD_TIMEOUT = _lantian.crawl_timeout
DOWNLOAD_MAXSIZE = _lantian.crawl_max_bytes
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 5
URLLENGTH_LIMIT = 2083
DNS_TIMEOUT = 10
REACTOR_THREADPOOL_MAXSIZE = 16
MEMUSAGE_LIMIT_MB = 2048

# Nothing of ours listens. What is only switched off would be imported by every crawl: 0.2 s.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if not name.endswith((".TelnetConsole", ".RemoteControl"))
}

# Every connection is checked: names by the resolver, addresses by a middleware. A proxy of the
# environment would go round both.
TWISTED_DNS_RESOLVER = "crawler.resolver.CheckedResolver"
HTTPPROXY_ENABLED = False
DOWNLOAD_HANDLERS = {
    "http": "crawler.gated.GatedHandler",
    "https": "crawler.gated.GatedHandler",
    "ftp": None,
    "s3": None,
}

SCHEDULER = "crawler.frontier.Frontier"
DOWNLOADER_MIDDLEWARES = {
    # Its drops would leave no visit; `egress.EgressMiddleware` keeps to the site.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.egress.EgressMiddleware": 40,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "crawler.middlewares.backoff.BackoffMiddleware": 555,
    "crawler.middlewares.conditional.ConditionalMiddleware": 560,
    "crawler.middlewares.compression.CompressionMiddleware": 590,
    "crawler.middlewares.cookies.CookiesMiddleware": 700,
    "crawler.middlewares.raw.RawMiddleware": 890,
}
SPIDER_MIDDLEWARES = {
    # Each layer costs every page: status, depth and length are judged by the walk itself.
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "crawler.middlewares.visits.VisitMiddleware": 10,
}
EXTENSIONS = {"crawler.extension.Recording": 500}

LOG_LEVEL = _lantian.log_level
LOG_VERSIONS = ["Scrapy"]
STATS_DUMP = False
FEED_EXPORT_ENCODING = "utf-8"
WARN_ON_GENERATOR_RETURN_VALUE = False
