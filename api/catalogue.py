"""Every problem that an answer may name: its status, and what it means, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; `code` and the `type` address made of it never change."""

    code: str
    status: int
    title_zh: str
    title_en: str
    meaning_zh: str
    """What it means and what to do; the `detail` of an answer adds what was at fault."""
    meaning_en: str


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            "malformed",
            400,
            "请求无法解析",
            "The request cannot be read",
            "请求正文不是合法的 JSON，或请求行、请求头有误。",
            "The body is no JSON, or the request line or a header is wrong.",
        ),
        Kind(
            "wrong-host",
            400,
            "主机名不受信任",
            "The host is not one of ours",
            "请求的 Host 不在 trusted_hosts 之内；请使用管理员公布的地址。",
            "The Host header is not in trusted_hosts; use the address that was given to you.",
        ),
        Kind(
            "unauthorised",
            401,
            "密钥缺失或无效",
            "No valid key",
            "请求没有携带有效密钥；请以 Authorization: Bearer lt_… 发送。",
            "No valid key came with the request; send Authorization: Bearer lt_….",
        ),
        Kind(
            "forbidden",
            403,
            "无权进行此操作",
            "Not allowed",
            "此密钥或账户的权限不包括这项操作。",
            "The scopes of this key, or the role of this user, do not include this.",
        ),
        Kind(
            "not-found",
            404,
            "没有此项内容",
            "Not found",
            "所请求的内容不存在，或不属于您的平台。",
            "There is no such thing, or it is not your platform's.",
        ),
        Kind(
            "method-not-allowed",
            405,
            "不支持此方法",
            "Method not allowed",
            "该地址不支持此请求方法；可用方法见 Allow 头。",
            "This address does not take that method; the Allow header names those it takes.",
        ),
        Kind(
            "conflict",
            409,
            "当前状态不允许此操作",
            "The state does not allow it",
            "对象当前的状态不允许此操作；请重新读取后再决定。",
            "The thing is in a state that forbids this; read it again.",
        ),
        Kind(
            "clues-not-ready",
            409,
            "部分线索不能列入通知",
            "Some clues cannot go into a notice",
            "errors 逐条列出原因；本次没有发出任何通知。",
            "`errors` names each clue and why; nothing was issued.",
        ),
        Kind(
            "decision-too-young",
            409,
            "决定尚在可撤销期内",
            "The decision can still be undone",
            "核对决定需经过可撤销期方可通知；retry_at 之后可重试。",
            "A decision waits until it can no longer be undone; repeat after `retry_at`.",
        ),
        Kind(
            "request-running",
            409,
            "相同请求正在处理",
            "The same request is running",
            "带有同一 Idempotency-Key 的请求尚未结束；请稍后以同样内容重试。",
            "A request with this Idempotency-Key has not ended; repeat it in a moment.",
        ),
        Kind(
            "evidence-deleted",
            410,
            "证据已按期限删除",
            "The evidence was deleted by rule",
            "无命中的抓取内容超过保存期限，已按规则删除；其摘要仍列于已封存之日。",
            "What had no hit was deleted when its time was over; its digest is in a sealed day.",
        ),
        Kind(
            "stale",
            412,
            "内容已被更新",
            "The version is out of date",
            "If-Match 所指版本不是当前版本；请重新读取并以新的 ETag 重试。",
            "If-Match names an older version; read again and repeat with the new ETag.",
        ),
        Kind(
            "too-large",
            413,
            "请求正文过大",
            "The body is too large",
            "请求正文超过允许的大小。",
            "The body is larger than this interface takes.",
        ),
        Kind(
            "unsupported-media-type",
            415,
            "不支持的内容类型",
            "Unsupported media type",
            "请求正文须为 application/json。",
            "The body must be application/json.",
        ),
        Kind(
            "invalid",
            422,
            "请求内容有误",
            "The request is wrong",
            "请求中的某个字段不合要求；errors 指出其位置。",
            "A field of the request is wrong; `errors` points to it.",
        ),
        Kind(
            "key-reused",
            422,
            "Idempotency-Key 已用于其他内容",
            "The idempotency key came with another body",
            "同一 Idempotency-Key 只能用于完全相同的请求；新请求请换用新的键。",
            "One Idempotency-Key belongs to one request, byte by byte; use a new one.",
        ),
        Kind(
            "precondition-missing",
            428,
            "缺少 If-Match",
            "If-Match is missing",
            "修改通知须以 If-Match 携带读取时得到的 ETag。",
            "A write to a notice carries, in If-Match, the ETag that reading gave.",
        ),
        Kind(
            "too-many-requests",
            429,
            "请求过于频繁",
            "Too many requests",
            "请在 Retry-After 所示秒数后重试。",
            "Wait for the seconds in Retry-After.",
        ),
        Kind(
            "internal",
            500,
            "服务器内部错误",
            "A fault of ours",
            "这是本系统的故障，请求没有生效；已记入日志。",
            "This is a fault of Lantian; nothing was changed, and it is in the log.",
        ),
        Kind(
            "evidence-damaged",
            500,
            "证据校验不通过",
            "Evidence does not match its digest",
            "所存证据缺失或与固定时的摘要不符，故不予提供。",
            "A kept record is missing or differs from its digest, so it is not handed out.",
        ),
        Kind(
            "unavailable",
            503,
            "服务暂不可用",
            "Not available now",
            "所依赖的服务没有应答；请稍后重试。",
            "A service that this needs does not answer; repeat later.",
        ),
        Kind(
            "index-unavailable",
            503,
            "检索服务暂不可用",
            "The search index does not answer",
            "检索服务没有应答，待其恢复后自动补齐；请稍后重试。",
            "The index does not answer; it catches up by itself. Repeat later.",
        ),
    )
}
"""By code, in the order of their statuses."""

BY_STATUS = {
    400: "malformed",
    401: "unauthorised",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-requests",
    503: "unavailable",
}
"""The kind of an error that the framework raised by its status alone."""
