"""The nouns of Lantian as typed entities, one module an aggregate.

A page becomes a capture, a capture yields documents, a document yields hits, a hit becomes a
clue, a person turns clues into a notice, a platform answers, a re-check proves it.
"""

from lantian.model.access import ApiKey, AuditEvent, IdempotencyRecord, LoginLink, User, UserSession
from lantian.model.capture import Artifact, Capture
from lantian.model.clue import Clue, ClueClaim, Decision
from lantian.model.column import Entity, UtcTime
from lantian.model.document import Document, Hit, PostingEvent
from lantian.model.handover import HandedRow, Handover, Tip, TipContact
from lantian.model.host import Host
from lantian.model.installation import Installation
from lantian.model.job import Job
from lantian.model.keeping import Deletion, LegalHold, ReceivedBundle
from lantian.model.likeness import TextBand, TextForm
from lantian.model.manners import HostDay, PersonTask, RobotsException
from lantian.model.market import Platform, PlatformHost, Seller
from lantian.model.notice import Notice, NoticeEvent, NoticeItem, Recheck
from lantian.model.pack import RulePack, RulePackFile, ShadowHit, ShadowLook
from lantian.model.page import FrontierRow, Observation, Page
from lantian.model.picture import Picture, PicturePlace
from lantian.model.seal import SealedDay, SealedLeaf, TimeStamp
from lantian.model.second import SecondLook, SecondOpinion
from lantian.model.source import Campaign, Crawl, Permission, Source, SourceDay

__all__ = [
    "ApiKey",
    "Artifact",
    "AuditEvent",
    "Campaign",
    "Capture",
    "Clue",
    "ClueClaim",
    "Crawl",
    "Decision",
    "Deletion",
    "Document",
    "Entity",
    "FrontierRow",
    "HandedRow",
    "Handover",
    "Hit",
    "Host",
    "HostDay",
    "IdempotencyRecord",
    "Installation",
    "Job",
    "LegalHold",
    "LoginLink",
    "Notice",
    "NoticeEvent",
    "NoticeItem",
    "Observation",
    "Page",
    "Permission",
    "PersonTask",
    "Picture",
    "PicturePlace",
    "Platform",
    "PlatformHost",
    "PostingEvent",
    "ReceivedBundle",
    "Recheck",
    "RobotsException",
    "RulePack",
    "RulePackFile",
    "SealedDay",
    "SealedLeaf",
    "SecondLook",
    "SecondOpinion",
    "Seller",
    "ShadowHit",
    "ShadowLook",
    "Source",
    "SourceDay",
    "TextBand",
    "TextForm",
    "TimeStamp",
    "Tip",
    "TipContact",
    "User",
    "UserSession",
    "UtcTime",
]
