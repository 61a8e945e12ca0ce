"""The articles that claims are judged by, each with the days on which it was in force."""

from lantian.law.articles import Article, articles_in_force, law_keys

__all__ = ["Article", "articles_in_force", "law_keys"]
