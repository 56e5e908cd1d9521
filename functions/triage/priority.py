"""How urgent a ticket is: what is at stake weighs more than how loudly it is said."""

from helpdesk.verdict import Category, Judged, Priority
from triage.passage import Passage
from triage.signals import STRENGTH_MOST, SignalReader, Table, Weight

WISH_DISCOUNT = 0.5
WORKAROUND_DISCOUNT = 0.55
UNSURE = 0.35

_TABLE: Table[Priority] = {
    Priority.HIGH: {
        0.85: """
            outage; data loss; lose data; lost data; loses data; data corruption;
            corrupted data; production down; production is down; in production; on production;
            site is down; breach; no primary; server is down; system is down;
            everything is down; service is down; data breach; hacked; ransom; ransomware;
            sql injection; remote code execution; charged twice; billed twice;
            charged twice for; double charged; charged two times; double charge;
            duplicate charge; duplicate charges; duplicate payment; duplicate payments;
            writes fail; all customers; nobody can; no one can; no customer can; nothing works;
            no valid backup; backup failed; backup has failed; no space left; disk full;
            other tenants; another tenant; wrong recipient; to strangers; leaked; never expire;
            plain text; all our data; credentials leaked; for all users; whole site;
            entire company; whole company; whole office; all endpoints; for every request;
            for every user; certificate expires tomorrow; certificate expired;
            certificate has expired; deleted all; wiped; security hole; account was taken over;
            stolen; nadie puede; nadie; todos los usuarios; pérdida de datos; ausfall;
            ausgefallen; datenverlust; niemand kann; alle kunden; alle nutzer;
            produktion steht; personne ne peut; perte de données; tous les utilisateurs;
            en panne; nessuno può; perdita di dati; tutti gli utenti; ninguém consegue;
            perda de dados; todos os usuários; niemand kan; gegevensverlies; alle gebruikers;
            ligt plat; caído; fora do ar; piraté; gehackt; hackeado; money was taken;
            wrongly charged; no workaround; sev1; sev 1; missed payroll; cannot take orders;
            cannot take payments; losing money; losing orders; lost orders
        """,
        0.65: """
            all users; every user; everyone; everybody; several customers; many customers;
            many users; many people; production; is down; are down; vulnerability; cve;
            phishing; malware; security breach; expires tomorrow; 502; 503; blocker;
            showstopper; show stopper; data is lost; corrupts; corrupt; corruption;
            unrecoverable; cannot start; fails to start; does not start; deadlock;
            out of memory; outofmemoryerror; memory leak; crash loop; crashloopbackoff; leak;
            lost all; whole team; entire team; entire office; unreachable;
            blocks the release; blocking the release; release blocker; emergency; exploit;
            gone missing; revenue; bypass; another company; sensitive information;
            privilege escalation; xss; csrf; on fire; hundreds of; thousands of; suspicious;
            compromised
        """,
        0.35: """
            critical; severe; urgent; asap; immediately; dringend; urgente; urgentie; sofort;
            regression; hang; hangs; crash; crashes; blocked; blocking; security; lost;
            as soon as possible; high priority; top priority; p1; attack; unusable;
            cannot work; can't work; stop working; production like
        """,
    },
    Priority.MEDIUM: {
        0.65: """
            workaround; work around; one user; a single user; single user; only me; only i;
            some users; two customers; one customer; for now; by hand; manually;
            in the meantime; intermittent; flaky; intermittently; sometimes; occasionally;
            a rerun helps; restart helps; until it is fixed; just me;
            my account; my laptop; my machine; a few users; until then; will be destroyed;
            will be deleted; others can; have to; instead i; for one; solución temporal;
            umgehung; contournement; soluzione temporanea; reloading helps; keeps asking;
            my computer; access to
        """,
        0.4: """
            fails; failing; slow; times out; timeout; error; wrong; cannot; can't; unable;
            broken; incorrect; exception; does not work; doesn't work; not working; missing;
            npe; nullpointerexception; fail; failed; doesn't; does not; throws; deprecated api;
            performance
        """,
    },
    Priority.LOW: {
        0.85: """
            typo; typos; spelling; misspelled; cosmetic; not urgent; no hurry; no rush;
            low priority; nit; nice to have; would be nice; whenever you have time;
            when there is time; minor; trivial; pixel; pixels; wording; just a question;
            just wondering; style guide; not important; not critical; nicht dringend;
            keine eile; pas urgent; no es urgente; non urgente; não é urgente; niet dringend;
            tippfehler; faute de frappe; errata; when you get a chance; no big deal;
            small thing; grammar; unused import; unused imports; unused code; unused variable;
            javadoc; javadocs; code cleanup
        """,
        0.6: """
            dark mode; tooltip; colour; color; logo; readme; documentation; docs;
            question about; is it possible; how do i; how can i; next quarter; next year;
            would like; suggestion; alignment; misaligned; icon; font; please translate;
            feature request; would be useful; would be great; is this expected; do you
            which version; rate limit; comment; comments; rename; unused; cleanup; clean up;
            footer; label; checkstyle; formatting; example; examples; confusing; misleading;
            readability; remove the word; warnings; too low; slightly; pager; pagination;
            unit tests; tutorial; link in; dead link; broken link; log message; error message;
            placeholder; tidy; avatar; avatars; release notes; simplify; refactor; typo in;
            redundant; unnecessary; outdated; polish; cosmetics
        """,
        0.3: """
            improve; add; allow; option; easier; upgrade to; optional; convenience; better;
            message; warning; logging; text; description; test; deprecated; helper; sample;
            note
        """,
    },
}

# "crash course", "leak test" and the like would need a reader; these are the frequent ones.
_IGNORED = """
    production like; critical path; critical section; non production; all users
    everyone else; not in production; before production; crash course; error handling;
    memory leak test; no data loss; no outage; not affected; production ready;
    low on disk; low level; security group; have to say
"""

_PRIORS: dict[Category, tuple[Priority, float]] = {
    Category.BUG: (Priority.MEDIUM, 0.5),
    Category.INCIDENT: (Priority.HIGH, 0.6),
    Category.ACCESS: (Priority.MEDIUM, 0.55),
    Category.SECURITY: (Priority.HIGH, 0.7),
    Category.BILLING: (Priority.MEDIUM, 0.5),
    Category.FEATURE: (Priority.LOW, 0.6),
    Category.QUESTION: (Priority.LOW, 0.55),
}
_WISHES = frozenset({Category.FEATURE, Category.QUESTION})
_SOFTENERS = frozenset({"workaround", "work around", "for now", "by hand", "in the meantime"})

_READER = SignalReader(_TABLE, ignored=_IGNORED)


def judge_priority(
    title: Passage, description: Passage, category: Judged[Category]
) -> Judged[Priority]:
    """Return how urgent a ticket is, given what kind of request it is."""
    weights = _READER.read(title, description)
    _soften(weights, category.value)
    prior, strength = _PRIORS[category.value]
    weights.setdefault(prior, Weight()).add(strength * (0.5 + category.confidence / 2))
    ranked = sorted(weights.items(), key=lambda item: (-item[1].strength, item[0] is Priority.LOW))
    value, weight = ranked[0]
    rival = ranked[1][1].strength if len(ranked) > 1 else 0.0
    if not weight.quote:
        return Judged(value, UNSURE)
    confidence = min(max(weight.strength * (1 - rival / 2), UNSURE), STRENGTH_MOST)
    return Judged(value, round(confidence, 2), weight.quote)


def _soften(weights: dict[Priority, Weight], category: Category) -> None:
    """Take strength from alarms in wishes and questions, and where there is a way around."""
    high = weights.get(Priority.HIGH)
    if high is None:
        return
    if category in _WISHES:
        high.strength *= WISH_DISCOUNT
    medium = weights.get(Priority.MEDIUM)
    if medium is not None and medium.quote.lower() in _SOFTENERS:
        high.strength *= WORKAROUND_DISCOUNT
