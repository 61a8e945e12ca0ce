"""The pages of the made-up sites, in the markup of MARKUP.md."""

import html
import json
import random
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

from demo.market import Listing, Post, Thread

T = TypeVar("T")

PER_PAGE = 12
POSTS_PER_PAGE = 3
MALL_HOST = "mall.tongye.example"
SCRIPTED_HOST = "shop.kuaifan.example"
FORUM_HOST = "bbs.zhuxi.example"
SEARCH_HOST = "so.xunshan.example"


def shell(title: str, body: str, *, charset: str = "utf-8", head: str = "") -> str:
    """A whole page."""
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="{charset}">'
        f"<title>{html.escape(title)}</title>"
        '<link rel="stylesheet" href="/style.css">'
        f"{head}</head><body>{body}</body></html>"
    )


def mall_home() -> str:
    """The mall's front page."""
    body = '<nav class="channels"><a href="/c/patent">专利商标服务</a></nav><h1>桐叶集市</h1>'
    return shell("桐叶集市", body)


def mall_category(goods: Sequence[Listing], page: int) -> str:
    """One page of the category."""
    part, more = _page(goods, page, PER_PAGE)
    pager = (
        f'<div class="pager">{_next(f"/c/patent?page={page + 1}", "next") if more else ""}</div>'
    )
    return shell("专利商标服务", f"<h1>专利商标服务</h1>{_cards(part)}{pager}")


def mall_goods(item: Listing, others: Sequence[Listing], rng: random.Random) -> str:
    """Goods; those of an even number have their price in JSON-LD alone."""
    even = int(item.id[1:]) % 2 == 0
    price = "" if even else f'<div class="goods-price">¥<b>{item.price}</b></div>'
    paragraphs = "".join(f"<p>{html.escape(part)}。</p>" for part in item.body.split("。") if part)
    recommended = "".join(
        f'<a href="/goods/{other.id}.html">{html.escape(other.title)} ¥{other.price}</a> '
        for other in rng.sample(list(others), min(3, len(others)))
    )
    body = f"""<main class="goods" data-goods-id="{item.id}">
<h1 class="goods-name">{html.escape(item.title)}</h1>{price}
<time class="goods-date" datetime="{item.created.isoformat()}">上架于{item.created:%m月%d日}</time>
<span class="goods-sales">已售 <b>{rng.randrange(400)}</b> 件</span>
<table class="goods-params"><tr><th>服务类型</th><td>代理</td></tr></table>
<div class="goods-detail">{paragraphs}</div></main>
<aside class="shop-card" data-shop-id="{item.seller_id}">
<a class="shop-name" href="/shop/{item.seller_id}">{html.escape(item.seller)}</a></aside>
<div class="recommend">{recommended}</div>"""
    return shell(item.title, body, head=_json_ld(item) if even else "")


def mall_off() -> str:
    """What stands where goods were removed."""
    return shell("商品已下架", '<div class="goods-off">该商品已下架</div>')


def mall_shop(seller: str, goods: Sequence[Listing]) -> str:
    """A seller's page."""
    name = html.escape(seller)
    intro = f'<div class="shop-intro">{name}，入驻桐叶集市的服务商。</div>'
    return shell(seller, f'<h1 class="shop-title">{name}</h1>{intro}{_cards(goods)}')


def scripted_shell() -> str:
    """The page that every address of the scripted shop answers: nothing until its script ran."""
    return shell("快帆小店", '<div id="app"></div><script src="/app.js"></script>')


SCRIPT = """
'use strict';
const app = document.getElementById('app');
function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}
async function list(page) {
  const data = await (await fetch('/api/items?page=' + page)).json();
  const grid = make('section', 'item-grid');
  for (const item of data.items) {
    const card = make('a', 'item-card', item.title + ' ' + item.price);
    card.dataset.sku = item.sku;
    card.href = '/item?id=' + item.sku;
    grid.append(card);
  }
  app.append(grid);
  if (data.next) {
    const more = make('a', 'more', '更多');
    more.href = '/list?page=' + data.next;
    app.append(more);
  }
}
async function one(sku) {
  const answer = await fetch('/api/items/' + sku);
  if (!answer.ok) { app.append(make('p', 'item-gone', '宝贝不见了')); return; }
  const item = await answer.json();
  const article = make('article', 'item');
  article.dataset.sku = item.sku;
  article.append(make('h1', 'item-title', item.title), make('span', 'item-price', item.price));
  const date = make('time', 'item-date');
  date.dateTime = item.created;
  const body = make('div', 'item-body');
  body.innerHTML = item.body;
  const seller = make('a', 'item-seller', item.seller.name);
  seller.dataset.seller = item.seller.id;
  seller.href = '/seller?id=' + item.seller.id;
  article.append(date, body, seller);
  app.append(article);
}
const query = new URLSearchParams(location.search);
const done = location.pathname === '/item'
  ? one(query.get('id')) : list(query.get('page') || '1');
done.then(() => { document.body.dataset.ready = '1'; });
"""


def items_json(items: Sequence[Listing], page: int) -> str:
    """What the list of the scripted shop fetches."""
    part, more = _page(items, page, PER_PAGE)
    shown = [{"sku": item.id, "title": item.title, "price": item.price} for item in part]
    return json.dumps({"items": shown, "page": page, "next": page + 1 if more else None})


def item_json(item: Listing) -> str:
    """What an item of the scripted shop fetches."""
    body = "".join(f"<p>{html.escape(part)}。</p>" for part in item.body.split("。") if part)
    content = {
        "sku": item.id,
        "title": item.title,
        "price": item.price,
        "body": body,
        "created": item.created.isoformat(),
        "seller": {"id": item.seller_id, "name": item.seller},
    }
    return json.dumps(content, ensure_ascii=False)


def forum_home() -> str:
    """The forum's front page."""
    body = '<a class="board" href="/board/3-1.html">知识产权交流</a>'
    return shell("竹溪论坛", body, charset="gb2312")


def forum_board(threads: Sequence[Thread], page: int) -> str:
    """One page of the board."""
    part, more = _page(threads, page, PER_PAGE)
    rows = "".join(
        f'<li class="thread" id="t_{thread.id}"><a class="thread-title" '
        f'href="/thread/{thread.id}-1.html">{html.escape(thread.subject)}</a></li>'
        for thread in part
    )
    further = _next(f"/board/3-{page + 1}.html", "nxt") if more else ""
    return shell("知识产权交流", f"<ul>{rows}</ul>{further}", charset="gb2312")


def forum_thread(thread: Thread, posts: Sequence[Post], page: int) -> str:
    """One page of a thread."""
    part, more = _page(posts, page, POSTS_PER_PAGE)
    opening = thread.posts[0].id
    floors = "".join(_floor(post, first=post.id == opening) for post in part)
    further = _next(f"/thread/{thread.id}-{page + 1}.html", "nxt") if more else ""
    body = f'<h1 class="subject">{html.escape(thread.subject)}</h1>{floors}{further}'
    return shell(thread.subject, body, charset="gb2312")


def forum_notice(text: str) -> str:
    """What the forum says instead of a thread."""
    return shell("提示信息", f'<div class="notice">{html.escape(text)}</div>', charset="gb2312")


def results(words: str, found: Sequence[Listing]) -> str:
    """The search engine's answer."""
    rows = "".join(
        f'<div class="result"><h3><a class="hit" href="http://{MALL_HOST}/goods/{item.id}.html">'
        f"{html.escape(item.title)}</a></h3>"
        f'<p class="snippet">{html.escape(item.body[:60])}</p>'
        '<span class="site">桐叶集市</span></div>'
        for item in found
    )
    form = f'<form action="/s"><input name="q" value="{html.escape(words, quote=True)}"></form>'
    return shell(words, form + (rows or '<div class="no-result">没有找到</div>'))


def search_address(words: str) -> str:
    """The address of a search."""
    return f"http://{SEARCH_HOST}/s?q={quote(words)}&p=1"


def _floor(post: Post, *, first: bool) -> str:
    return f"""<div class="floor{" first" if first else ""}" id="pid{post.id}">
<div class="author" data-uid="{post.author_id}">
<a href="/user/{post.author_id}">{html.escape(post.author)}</a></div>
<div class="posted">发表于 {post.posted:%Y-%m-%d %H:%M}</div>
<div class="message">{html.escape(post.text)}</div>
<div class="signature">竹杖芒鞋轻胜马</div></div>"""


def _cards(goods: Sequence[Listing]) -> str:
    cards = "".join(
        f'<li class="goods-card" data-goods-id="{item.id}"><a class="goods-link" '
        f'href="/goods/{item.id}.html?spm=a1.{item.id}">{html.escape(item.title)}</a></li>'
        for item in goods
    )
    return f'<ul class="goods-list">{cards}</ul>'


def _json_ld(item: Listing) -> str:
    content = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": item.title,
        "productID": item.id,
        "description": item.body,
        "offers": {
            "@type": "Offer",
            "price": item.price.replace(",", ""),
            "priceCurrency": "CNY",
            "seller": {"@type": "Organization", "name": item.seller},
        },
    }
    text = json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _next(href: str, name: str) -> str:
    return f'<a class="{name}" href="{html.escape(href, quote=True)}">下一页</a>'


def _page(rows: Sequence[T], page: int, size: int) -> tuple[Sequence[T], bool]:
    start = (page - 1) * size
    return rows[start : start + size], len(rows) > start + size
