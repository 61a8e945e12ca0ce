"""Rule packs under control: drafts, replays, shadow runs, release by two people, rollback."""
