"""Every column of the database, classified: whether it holds personal data of the people a partner mails, and what erasing does to it.

A new column is one word in its table's line below; a new table is one more line. tests/flows/test_person_register.py says so by name
when one is missing. The kinds:

  plain    no personal data of a contact: ids, states, figures, dates, settings, words meant for everybody
  own      in a row that is tied to one person (person_ties.py): exported, and blanked when they are erased
  kept     tied to one person and exported, but kept after erasing: `why_kept` says why
  within   text in a row that is tied to one person: kept, with their address, name and phone number taken out
  mention  text that anybody at the partner or its vendor typed: looked through for the person, and they are taken out of it
  staff    personal data of those who work here (accounts, senders): not a contact's; managed under Settings

`owner` names the column with the partner's id, for tables that are looked through for mentions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import MetaData


@dataclass(frozen=True)
class Table:
    """One table's columns by kind, as words apart by blanks, and what people call it."""

    title: str = ""
    plain: str = ""
    own: str = ""
    kept: str = ""
    within: str = ""
    mention: str = ""
    staff: str = ""
    why_kept: str = ""
    owner: str = "partner_id"
    drop: bool = False  # the row itself goes when the person is erased

    def columns(self, *kinds: str) -> list[str]:
        """The names of these kinds, in the order they are written; without kinds all of them."""
        return [name for kind in kinds or KINDS for name in getattr(self, kind).split()]


KINDS = ("plain", "own", "kept", "within", "mention", "staff")
_HASH = "A keyed hash, from which nobody can read the address: by it a “no” stays a “no”."
_PROOF = "The proof that mails were allowed, tied to nobody’s name any more."
_COUNTS = "Counts of what happened, tied to nobody’s name any more."

# fmt: off
TABLES: Mapping[str, Table] = {
    # People of the partner
    "contact": Table("Contact", "id pid partner_id import_id created_at updated_at erased_at",
                     own="email first_name last_name company job_title phone language region country time_zone fields", kept="address_hash", why_kept=_HASH),
    "contact_field": Table(plain="id pid partner_id name folded kind choices created_at"),
    "contact_list": Table("Names of lists", "id pid partner_id created_at", mention="name"),
    "list_member": Table("Lists they are in", "list_id contact_id partner_id", drop=True),
    "segment": Table("Segments", "id pid partner_id name created_by created_at updated_at", mention="rules"),
    "engagement": Table("What they did, by campaign", "contact_id deed campaign_id partner_id times last_at"),
    "engagement_due": Table(plain="id partner_id contact_id"),
    "engagement_turn": Table(plain="send_id begun_at cursor"),
    "consent": Table("Consents", "id partner_id contact_id purpose basis given_on expires_on withdrawn_at recorded_by import_id recorded_at",
                     kept="wording wording_version controller method", within="source", why_kept=_PROOF),
    "opt_in": Table("Asked to confirm", "id pid partner_id contact_id asked_at confirmed_at", kept="wording wording_version controller", within="source", why_kept=_PROOF),
    "preference": Table("How often they want mails", "partner_id a_month paused_until delivery_id updated_at", kept="address_hash", why_kept=_HASH),
    "topic_off": Table("Topics they don’t want", "partner_id topic_id at", kept="address_hash", why_kept=_HASH),
    "topic": Table("Topics", "id pid partner_id created_at retired_at", mention="name note"),
    "mail_rules": Table(plain="partner_id a_week double_opt_in"),
    "suppression": Table("Noes", "id pid scope organisation_id reason delivery_id at", kept="address_hash", why_kept=_HASH),
    "suppression_upload": Table("Files of noes", "id pid organisation_id scope key status size position read line added known refused findings reason lease_until worker created_by created_at finished_at", mention="name", owner="organisation_id"),
    "contact_import": Table("Imports", "id pid partner_id list_id key refused_key refused_parts fingerprint status mapping position rows read line added updated repeated said_no refused findings reason lease_until worker created_by created_at finished_at purged_at", mention="filename layout consent"),
    "erasure": Table("Receipts of erasures", "id pid partner_id number places told person_id at", kept="address_hash masked", why_kept="The receipt itself: it says nobody’s name."),
    # What was sent to them and what they did
    "delivery": Table("Mails sent to them", "id send_id contact_id campaign_id partner_id rendering_id variant_id tracked state reason epoch worker lease_until not_before attempts crashes committed_at decided_at", own="reply"),
    "returned_mail": Table("What came back", "id partner_id delivery_id send_id contact_id kind status cause source received_at dedupe lifted_at", own="words", kept="address_hash", why_kept=_HASH),
    "incoming_mail": Table("Returned mails that wait to be read", "id delivery_id source received_at tries", own="raw", drop=True),
    "address_change": Table("Addresses they had", "id partner_id contact_id changed_at", kept="address_hash", why_kept=_HASH),
    "left_out": Table("Mails they were left out of", "send_id contact_id partner_id reason"),
    "sequence_end": Table("Campaigns that are over for them", "campaign_id contact_id partner_id reason at"),
    "assignment": Table("Tests they were in", "experiment_id contact_id variant_id partner_id assigned_at"),
    "tracked_event": Table("Opens and clicks", "id partner_id campaign_id send_id variant_id delivery_id contact_id page_id kind number method is_machine reason score signals rules at", own="agent"),
    "touchpoint": Table("Touches", "id pid partner_id vendor_id contact_id campaign_id kind source_id at"),
    "submission": Table("Forms they filled in", "id pid partner_id campaign_id page_id form_token delivery_id contact_id variant_id held_reason at",
                        own="email fields source", kept="consents", why_kept=_PROOF),
    "lead": Table("Leads", "id pid partner_id vendor_id campaign_id submission_id contact_id status assigned_to created_at answer_by answered_at shared_at",
                  own="name email company phone note reject_reason"),
    "lead_note": Table("Notes on leads", "id pid partner_id lead_id person_id at", own="text"),
    "deal": Table("Deals", "id pid partner_id vendor_id lead_id campaign_id contact_id amount_minor currency status stage expected_on protected_until registered_by registered_at decided_by decided_at closed_at",
                  mention="account title reason"),
    "credit": Table(plain="id pid partner_id vendor_id deal_id campaign_id touchpoint_id model model_version amount_minor currency created_at"),
    # Mails of the product, its log, its people
    "outgoing_mail": Table("Mails of Throughline itself", "id pid organisation_id template created_at not_before lease_until sent_at failed_at uncertain_at rung_at attempts reason",
                           own="recipient raw", mention="subject text html", owner="organisation_id"),
    "trial_mail": Table("Test mails", "id pid partner_id campaign_id person_id mail_id email version links created_at", own="recipient"),
    "seed": Table("Seed addresses", "id pid organisation_id asked_by asked_at confirmed_at stopped_at", own="name address", kept="address_hash", why_kept=_HASH),
    "seed_copy": Table(plain="id pid send_id rendering_id seed_id organisation_id mail_id reason created_at"),
    "audit_entry": Table("Log entries", "id pid organisation_id person_id action subject_kind subject_id detail at"),
    "person": Table(plain="id pid session_epoch created_at last_sign_in_at", staff="email name password_hash"),
    "membership": Table(plain="id pid person_id organisation_id role created_at"),
    "invitation": Table(plain="id pid organisation_id kind role partner_name tier region invited_by created_at expires_at accepted_at revoked_at", staff="email name"),
    "organisation": Table(plain="id pid kind name slug country timezone currency created_at"),
    "partnership": Table(plain="id pid vendor_id partner_id status tier region languages manager_id agreed_at"),
    "brand_profile": Table(plain="id pid partner_id name is_default logo_id logo_source_id logo_small_id logo_large_id dark_source_id dark_logo_id logo_plate logo_facts primary_color call_color archived_at created_at updated_at",
                           staff="legal_name postal_address phone website sender_name reply_to social previous"),
    # Free text between partner and vendor
    "mdf_note": Table("Notes on money", "id pid vendor_id partner_id request_id claim_id organisation_id person_id at", mention="text"),
    "mdf_request": Table("Requests for money", "id pid number vendor_id partner_id fund_id campaign_id activity_type_id status shares_leads currency rate cap_minor cost_minor asked_minor approved_minor starts_on ends_on claim_by submitted_by submitted_at answer_by decided_by decided_at created_by created_at closed_at",
                         mention="title purpose supplier reason"),
    "claim": Table("Claims", "id pid number vendor_id partner_id request_id status currency invoice_number invoice_on invoice_minor invoice_asset_id amount_minor approved_minor packet packet_sha256 submitted_by submitted_at answer_by decided_by decided_at paid_by paid_at payment_reference",
                   mention="supplier reason"),
    "review_comment": Table("Comments of reviews", "id pid partner_id vendor_id campaign_id round_id about author_id created_at sent_at replied_by replied_at resolved_by resolved_at", mention="text reply"),
    "review_round": Table("Reviews", "id pid partner_id vendor_id campaign_id kit_id kit_version_id number asked_by asked_at days due_at reviewer_id reminded_at escalated_at outcome decided_by decided_at lapsed_at fingerprint snapshot",
                          mention="note answer waiver"),
    # Nothing of a contact's
    "activity_type": Table(plain="id pid vendor_id fund_id name help rate cap_minor currency"),
    "allocation": Table(plain="id pid vendor_id partner_id fund_id amount_minor currency why created_by created_at"),
    "asset": Table(plain="id pid organisation_id name key sha256 content_type size width height is_public created_by created_at source_sha256 renderings frames pages alt rights_until listed version replaced_by_id deleted_at deleted_by kept_at", staff="credit"),
    "asset_tag": Table(plain="id organisation_id asset_id name"),
    "campaign": Table(plain="id pid partner_id vendor_id kit_version_id brand_id name status slot_values list_id segment_id topic_id timezone scheduled_at clock planned_for send_window missed_at launch_tries launch_again shares_leads paused_reason created_by launched_by created_at updated_at launched_at finished_at"),
    "campaign_box": Table(plain="id pid partner_id campaign_id fingerprint state attempts total done key size failure asked_at rung_at started_at finished_at"),
    "collision_answer": Table(plain="id partner_id kit_id campaign_id audience about asked_at"),
    "dkim_key": Table(plain="id domain_id partner_id selector public sealed created_at in_use_since retired_at"),
    "sender_domain": Table(plain="id pid partner_id name local_part token status held_name has_return_path findings made_by created_at checked_at next_check_at verified_at seen_at failing_since"),
    "experiment": Table(plain="id pid partner_id vendor_id campaign_id name email field metric status ends_at created_at started_at ended_at"),
    "fund": Table(plain="id pid vendor_id name currency starts_on ends_on created_by created_at"),
    "kit": Table(plain="id pid vendor_id slug name created_at"),
    "kit_news": Table(plain="id pid version_id vendor_id partner_id kind campaigns mails created_at told_at"),
    "kit_quiet": Table(plain="id pid person_id organisation_id created_at"),
    "kit_version": Table(plain="id pid kit_id vendor_id version status summary manifest findings media archive_key sha256 checked_at change_summary created_by created_at published_by published_at recalled_by recalled_at recall_reason"),
    "ledger_account": Table(plain="id pid vendor_id fund_id partner_id kind currency balance_minor"),
    "link": Table(plain="id pid send_id partner_id vendor_id number kind url"),
    "mail_check": Table(plain="id pid partner_id campaign_id fingerprint state attempts total done found asked_at rung_at started_at finished_at"),
    "mdf_number": Table(plain="vendor_id kind year last"),
    "published_page": Table(plain="id pid partner_id vendor_id campaign_id name status content stylesheet served published_at closed_at"),
    "pulse": Table(plain="name at"),
    "rendering": Table(plain="id pid send_id partner_id vendor_id variant_id subject html text segments created_at"),
    "review_terms": Table(plain="id pid vendor_id days"),
    "send": Table(plain="id pid partner_id vendor_id campaign_id experiment_id email step starts_at unless only left_out status list_id people topic_id expected expanded cursor paused_reason trouble rung_at served_at sender_domain waits_until waits_for pace judged_from timing opens_at created_at started_at finished_at"),
    "send_tally": Table(plain="send_id counts points counted_at took_ms is_final upto rows"),
    "sending_worker": Table(plain="id host os_pid started_at heartbeat_at detail"),
    "slot_edit": Table(plain="id partner_id campaign_id person_id changes begun_at at undone_at"),
    "spool_position": Table(plain="file offset moved_at"),
    "transfer": Table(plain="id pid vendor_id fund_id partner_id debit_id credit_id amount_minor currency transition subject_kind subject_id person_id why at"),
    "unsaved_words": Table(plain="id partner_id campaign_id person_id typed updated_at"),
    "variant": Table(plain="id pid experiment_id partner_id vendor_id label is_control weight value"),
    "warm_up": Table(plain="domain starts_on plan stopped_at"),
    "warm_up_day": Table(plain="domain day quota taken"),
}
# fmt: on


def unclassified(metadata: MetaData) -> list[str]:
    """What the register lacks, or has and the database hasn't, each as a sentence that says what to do; empty when they agree."""
    return [*_missing(metadata), *_gone(metadata)]


def _missing(metadata: MetaData) -> Iterator[str]:
    for table in metadata.sorted_tables:
        if table.name not in TABLES:
            yield (
                f"Table {table.name} is not in TABLES of app/flows/person_register.py: add a line with its columns by kind "
                f"(plain, own, kept, within, mention or staff): {' '.join(column.name for column in table.columns)}"
            )
            continue
        known = TABLES[table.name].columns()
        for column in table.columns:
            if known.count(column.name) != 1:
                yield (
                    f"Column {table.name}.{column.name} is classified {known.count(column.name)} times in app/flows/person_register.py: write its name "
                    f"once into the line of “{table.name}”, as plain (nothing of a contact’s), own (blanked when the person is erased), kept, "
                    "within, mention or staff. The head of that file says what each means."
                )


def _gone(metadata: MetaData) -> Iterator[str]:
    for name, table in TABLES.items():
        if name not in metadata.tables:
            yield f"Table {name} is in app/flows/person_register.py and not in the database: take its line out."
            continue
        for column in table.columns():
            if column not in metadata.tables[name].c:
                yield f"Column {name}.{column} is in app/flows/person_register.py and not in the database: take it out."
