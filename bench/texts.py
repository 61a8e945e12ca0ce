"""Seeded Chinese texts for the matcher: many fields, no text twice, a chosen share with claims.

Sentences are put together from our own patterns and from words of jieba's dictionary, drawn by
their frequency. A seventh of the innocent texts speak of patents and trade marks, as the pages of
honest agencies do: those are the costly ones for a matcher.
"""

import random
from collections.abc import Iterator
from functools import cache
from importlib import resources

PATTERNS = {
    "goods": [
        "这款{a}{n}我用了{d}，{n}很{a}，物流也快。",
        "{n}的{n}比想象中{a}，客服{v}及时，{p}元不算贵。",
        "给{r}买的{n}，{a}是{a}，就是{n}有点{a}，总体满意！",
        "收到{n}以后马上{v}了一下，{n}正常，包装{a}，好评。",
        "{n}尺寸合适，颜色和图片一样，{v}方便，下次还来。",
        "双十一{v}的{n}，等了{d}才到，{n}边上有划痕，商家补了{p}元。",
    ],
    "news": [
        "{ns}{nt}日前召开会议，研究{v}{n}有关工作。",
        "据了解，今年以来{ns}{n}{v}同比增长{m}%，{n}建设取得新进展。",
        "{ns}{r}说，{n}关系群众生活，要{v}好每一个{n}。",
        "本次{n}将持续{d}，来自{ns}、{ns}等地的{m}家企业参加。",
        "记者在{ns}看到，{n}已经{v}，{n}井然有序。",
        "专家认为，{n}与{n}的结合有助于{v}{n}，应当重视{n}的作用。",
    ],
    "forum": [
        "请教一下，{ns}哪里{v}{n}比较{a}？预算{p}左右。",
        "楼主{v}了吗？我上个月在{ns}{v}，{d}就好了。",
        "昨天{v}{n}，结果{n}坏了，{a}死了，有人遇到过吗？",
        "顶一下，{n}确实{a}，不过{n}更{a}一些。",
        "我的{n}用了{d}，{n}还很{a}，推荐给{r}。",
        "带{r}去{ns}玩，{n}人太多，{n}排队两小时。",
    ],
    "trade": [
        "本所办理专利申请、商标注册，{d}内出具{n}检索报告，费用{p}元起。",
        "专利代理师会先了解{n}的结构，再撰写权利要求书，{v}后由客户确认。",
        "商标注册前建议查询近似商标，{n}类别容易与在先商标近似。",
        "实用新型专利审查一般需要{d}，能否授权由国家知识产权局决定。",
        "{ns}某{n}企业的发明专利进入实质审查阶段，代理师正在答复审查意见。",
        "软件著作权登记需要提交{n}说明书和源程序，{d}左右可以领取证书。",
        "专利年费请按时缴纳，逾期需要补缴滞纳金，{n}权利可能终止。",
        "商标被驳回后可以申请复审，{n}证据要在{d}内补交。",
        "企业{v}{n}之前，应当检索他人的外观设计专利，避免侵权。",
        "咨询{n}专利业务请到{ns}服务窗口，工作日上午九点到下午五点。",
    ],
}
OFFERS = [
    "{ip}包授权，不成功全额退款，加微信{id}详谈。",
    "{ip}稳下证，{d}拿证，价格{p}元。",
    "我们承诺您的{ip}一定授权，签合同，电话联系。",
    "{ip}成功率高达99%，找我们准没错，{p}起。",
    "{ip}驳回了免费重报，直到下证为止，欢迎咨询。",
    "商标审查走绿色通道，比别人快{d}，联系客服。",
    "我们在专利局有内部渠道，{ip}{d}出结果，私聊。",
    "初审那边熟，您这件{ip}我让人先看，费用{p}。",
    "{ip}挂名，第二发明人{p}元，评职称用，名额有限。",
    "授权未缴费{ip}，还剩第三位，证书写您的名字，编辑微信{id}。",
    "发明人位置转让，{ip}，评副高可用，{p}元一位。",
    "本中心是国家知识产权局指定窗口，{ip}今日办理减免，电话咨询。",
    "您好，这里是国家商标局，您的商标被他人申请，请今天缴纳{p}元。",
]
EVASIONS = [
    ("授", "★授"),
    ("授", "扌受"),
    ("包", "bao"),
    ("专利", "專利"),
    ("权", "權"),
    ("通道", "通~道"),
]
RIGHTS = ["发明专利", "实用新型专利", "外观专利", "商标注册", "软著专利", "专利", "实用新型"]
PEOPLE = ["妈妈", "同事", "孩子", "朋友", "工作人员", "居民", "负责人", "老师"]
DAYS = ["三天", "一周", "两个月", "半年", "十五个工作日", "一年多", "二十天", "三个月"]


@cache
def _words() -> dict[str, tuple[list[str], list[int]]]:
    """Words of two and three characters by part of speech, with their frequencies."""
    words: dict[str, tuple[list[str], list[int]]] = {}
    text = resources.files("jieba").joinpath("dict.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        word, frequency, kind = line.split(" ")
        if kind in ("n", "v", "a", "ns", "nt") and 2 <= len(word) <= 4 and int(frequency) >= 20:
            known, weights = words.setdefault(kind, ([], []))
            known.append(word)
            weights.append(int(frequency))
    return words


class _Writer:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._stock: dict[str, list[str]] = {}

    def _word(self, kind: str) -> str:
        stock = self._stock.get(kind)
        if not stock:
            known, weights = _words()[kind]
            stock = self._stock[kind] = self._random.choices(known, weights, k=2_000)
        return stock.pop()

    def sentence(self, pattern: str) -> str:
        """`pattern` with words in its places."""
        pick = self._random.choice
        parts = pattern.split("{")
        text = parts[0]
        for part in parts[1:]:
            kind, rest = part.split("}", 1)
            if kind in ("n", "v", "a", "ns", "nt"):
                text += self._word(kind)
            elif kind in ("p", "m", "id"):
                number = self._random.randrange(10, 9_000)
                text += f"wx{number:05d}" if kind == "id" else str(number)
            else:
                text += pick({"r": PEOPLE, "d": DAYS, "ip": RIGHTS}[kind])
            text += rest
        return text

    def text(self, *, claims: bool) -> str:
        """One text of some hundred characters; with `claims` one to three offers are in it."""
        field = self._random.choices(list(PATTERNS), (30, 30, 26, 14))[0]
        patterns = PATTERNS[field]
        size = int(self._random.lognormvariate(5.7, 0.6)) + 20
        sentences: list[str] = []
        while sum(map(len, sentences)) < size:
            sentences.append(self.sentence(self._random.choice(patterns)))
        if claims:
            for _ in range(self._random.randint(1, 3)):
                offer = self.sentence(self._random.choice(OFFERS))
                if self._random.random() < 0.5:
                    offer = offer.replace(*self._random.choice(EVASIONS))
                sentences.insert(self._random.randint(0, len(sentences)), offer)
        return "".join(sentences)


def texts(seed: int, megabytes: float, share: float) -> Iterator[tuple[str, bool]]:
    """Texts of `megabytes` MB of UTF-8 in all, none twice; whether claims were put into each."""
    writer = _Writer(seed)
    chance = random.Random(seed + 1)
    seen: set[str] = set()
    left = megabytes * 1e6
    while left > 0:
        claims = chance.random() < share
        text = writer.text(claims=claims)
        if text in seen:
            continue
        seen.add(text)
        left -= len(text.encode())
        yield text, claims
