"""What kind of request a ticket is, by the phrases people use."""

from helpdesk.verdict import Category, Judged
from triage.passage import Passage, word_set
from triage.signals import STRENGTH_MOST, SignalReader, Table, Weight

OPENING_WEIGHT = 0.55
ASKING_WEIGHT = 0.6
UNSURE = 0.25

_TABLE: Table[Category] = {
    Category.SECURITY: {
        0.9: """
            sql injection; xss; cross site scripting; csrf; ransomware; ransom; ransom note;
            data breach; security breach; phishing; malware; hacked; security hole; bitcoin;
            remote code execution; privilege escalation; path traversal; brute force;
            been hacked; datenleck; sicherheitslücke; fuite de données; faille de sécurité;
            brecha de seguridad; falla di sicurezza; falha de segurança; beveiligingslek;
            gehackt; piraté; hackeado
        """,
        0.75: """
            vulnerability; vulnerabilities; cve; cves; leaked; other tenants; another tenant;
            security issue; exploit; wrong recipient; to strangers; plain text; never expire;
            another company; other customers; other companies; someone else's;
            suspicious login; suspicious e-mail; suspicious email; security vulnerability;
            intrusion; account was taken over; stolen; compromised; without authentication;
            without logging in; access check; sensitive information; sensitive data; data leak;
            bypass; virus; spoofing; personal data; api key in; unencrypted; penetration test;
            privacy violation
        """,
        0.4: """
            security; exposed; attacker; attack; secret; leak; gdpr; token; tokens; encrypt;
            unauthorized; passwords; injection; encryption; strangers
        """,
    },
    Category.ACCESS: {
        0.85: """
            request access; need access; access request; grant access; give me access;
            locked out; password reset; reset my password; forgot my password; cannot log in;
            can't log in; can not log in; unable to log in; cannot login; can't login;
            new employee; cannot sign in; can't sign in; unable to sign in; new starter;
            new hire; onboarding; account locked; account is locked; reset password;
            new colleague; cannot connect to vpn; can't connect to vpn; zugriff auf;
            passwort vergessen; new joiner; kann mich nicht anmelden; mot de passe oublié;
            accès au; accès à; acceso a; deactivate account; restablecer contraseña;
            contraseña; accesso a; password dimenticata; acesso a; revoke access; senha;
            toegang tot; wachtwoord; gesperrt; offboarding; unlock my account; remove access;
            access to the; needs access; kann sich nicht anmelden; leaver; login fails;
            invite link
        """,
        0.55: """
            permission; permissions; vpn; mfa; 2fa; two factor; authentication failed; log in;
            sign in; reset mail; account; add me; laptop setup; admin rights; invitation;
            credentials; authenticator; access denied; permission denied; login;
            single sign on; passwort; read only access; shared mailbox; mot de passe; sso
        """,
        0.3: """
            access; joined; password; role; user account; licence; license; laptop
        """,
    },
    Category.BILLING: {
        0.85: """
            invoice; invoices; refund my; want a refund; need a refund; my subscription;
            a refund; our subscription; billing address; vat; credit note; cancel subscription;
            my credit card; payment method; my receipt; pricing plan; billing question;
            wrong amount; overcharged; was charged; were charged; been charged; charged me;
            charged us; change our plan; our plan; rechnung; rückerstattung; facture;
            remboursement; factura; reembolso; fattura; rimborso; fatura; factuur;
            terugbetaling; abonnement; our invoice; tax id; purchase order; my card; downgrade;
            billed us; billed me; direct debit; annual plan; monthly plan; payment failed;
            payment declined; card was declined; charged our
        """,
        0.4: """
            billing; subscription; refund; receipt; payment; charged; billed; plan; seats;
            price
        """,
    },
    Category.INCIDENT: {
        0.85: """
            outage; is down; are down; site down; server down; production down; goes down;
            went down; all endpoints; service unavailable; no space left; disk full;
            disk is full; no primary; consumer lag; nothing works; unreachable; backup failed;
            backup has failed; certificate expires; certificate expired;
            certificate has expired; for every request; writes fail;
            stopped working for everyone; no valid backup; not reachable; ausfall; ausgefallen;
            nicht erreichbar; en panne; hors service; caído; no carga; fuera de servicio;
            non raggiungibile; fora do ar; ligt plat; offline; data center; cluster is down;
            keeps restarting; crash loop; crashlooping; crashloopbackoff; since the deploy;
            queue is growing; backlog; failover; memory is at; cpu is at; disk is at
        """,
        0.55: """
            nobody can; no one can; nadie; niemand kann; personne ne peut; nessuno può;
            ninguém consegue; niemand kan; production; 502; 503; 504; bad gateway;
            since this morning; all customers; all users; whole site; affected; incident;
            delayed; replica; nightly; expires tomorrow; alert; heartbeat lost; entire office;
            whole office; growing; all services; expires in; on fire; degraded; for everyone;
            cron; backup; backups; latency spike
        """,
        0.3: """
            500; down; since the; server; cluster; expired; errors since; memory is; timeouts
        """,
    },
    Category.FEATURE: {
        0.85: """
            feature request; would be nice; would be great; would be useful; would be helpful;
            would like to have; please add; nice to have; ability to; enhancement; wishlist;
            i wish; it would be good; please translate; please plan; please support;
            would love; we would like; could you add; can you add; dark mode; add support;
            should be possible to; proposal; as a user; so that users; new feature; wäre schön;
            wünsche; bitte ergänzen; il serait bien; ajouter; sería útil; añadir;
            sarebbe utile; aggiungere; seria bom; adicionar; zou fijn zijn; toevoegen; suggest;
            suggestion; when there is time; should allow; should support;
            whenever you have time; would make it easier; it would be; user story;
            acceptance criteria; this would; we need to add; we should add; we should provide
        """,
        0.5: """
            support for; improve; upgrade to; allow; add option; option to; could mention;
            implement; introduce; add a; add an; add new; add the; migrate to; refactor;
            provide a; need a way; needs to be; we should; should also; update to; new api;
            cleanup; consider; we need; should be able
        """,
        0.25: """
            should; could; new; enable; remove; rename; replace; easier; better; move; create;
            update
        """,
    },
    Category.QUESTION: {
        0.85: """
            how do i; how can i; how can we; how do we; how to; is it possible; question about;
            do you support; can i; can we; is this expected; which version; what is the;
            where can i; where do i; what are the; do you have; i would like to know;
            need to know; just wondering; could you explain; wie kann ich; ist es möglich;
            comment faire; est ce que; comment puis je; cómo puedo; es posible; come posso;
            è possibile; como posso; é possível; hoe kan ik; is het mogelijk; is there a way;
            is there any way; what does; should we; does it support; can you tell;
            wondering whether; wondering if; do you retry; is there a limit; what happens
        """,
        0.4: """
            question; expected; clarify; explain; anyone know; frage; pregunta; domanda; vraag;
            wants to
        """,
    },
    Category.BUG: {
        0.75: """
            bug; crash; crashes; crashed; does not work; doesn't work; not working; broken;
            fails; stack trace; exception; nullpointerexception; regression;
            steps to reproduce; wrong total; typo; incorrect; incorrectly; not displayed;
            does not match; wrong; misspelled; duplicate; blank page; white screen; is blank;
            overlaps; stopped working; actual result; expected result; actual results;
            expected results; has no effect; geht nicht; funktioniert nicht; fehler; absturz;
            ne fonctionne pas; ne marche pas; plante; erreur; no funciona; falla; non funziona;
            errore; não funciona; erro; werkt niet; fout; cannot be; not thread safe;
            build fails; flaky; times out; hangs; deadlock; memory leak; throws; doesn't;
            does not; corrupt; corrupts; npe; str; infinite loop; out of memory; failed to
        """,
        0.45: """
            error; errors; failed; failing; failure; missing; null; unexpected; conflict; slow;
            crashing; stops; build error; compile error; not found; cannot; can't; unable;
            incorrect; invalid; instead of the; reproduce; returns; leaks; inconsistent;
            ignored; ignores; not updated; issue; problem; lost; isn't; wasn't; not shown;
            not possible; misleading; disappears; gone; stuck; race condition; breaks; broke;
            no longer; never; fix; still; undefined; twice; 404; 413; 500; unhandled
        """,
        0.2: """
            shows; occurs; after update; after upgrade; while; when; seems; but; not
        """,
    },
}

# Product talk which has a strong word inside but says nothing about the kind of request.
_IGNORED = """
    login page; login screen; login form; login button; feature branch; feature flag;
    down arrow; drop down; scroll down; slow down; break down; shut down; set up;
    as expected; access log; shuts down; access token; access tokens;
    error message text; new line; known issue; password field; account page;
    price list; floor plan; query plan; terraform plan; execution plan; test plan;
    new york; access logs; public api; data access; random access; access key;
    access modifier; access control; token type
"""

_OPENINGS = {
    Category.FEATURE: word_set(
        "add allow support improve implement upgrade provide make introduce enable remove "
        "translate update create replace refactor move extend include migrate expose use "
        "rename bump convert simplify enhance prepare investigate document write publish "
        "review test build allowing port display show better wish request clean cleanup "
        "change reduce optimize deprecate bring"
    ),
    Category.BUG: word_set("fix fixed fixing bug error exception regression"),
    Category.QUESTION: word_set(
        "how what which where why when who can is are does do could should wie was warum wo "
        "comment pourquoi cómo qué por come perché como hoe waarom kann darf peut puis"
    ),
}
_ASKING = ("?", "\uff1f", "\u061f")  # also as written in Chinese and in Arabic

_READER = SignalReader(_TABLE, ignored=_IGNORED)


def judge_category(title: Passage, description: Passage) -> Judged[Category]:
    """Return the kind of request a ticket most likely is."""
    weights = _READER.read(title, description)
    _weigh_opening(weights, title)
    if not weights:
        return Judged(Category.BUG, UNSURE)
    ranked = sorted(
        weights.items(), key=lambda item: (-item[1].strength, list(Category).index(item[0]))
    )
    value, weight = ranked[0]
    rival = ranked[1][1].strength if len(ranked) > 1 else 0.0
    confidence = min(max(weight.strength * (1 - rival / 2), UNSURE), STRENGTH_MOST)
    return Judged(value, round(confidence, 2), weight.quote)


def _weigh_opening(weights: dict[Category, Weight], title: Passage) -> None:
    """Let the first word and the last sign of the title speak."""
    for category, words in _OPENINGS.items():
        if title.words and title.words[0] in words:
            weights.setdefault(category, Weight()).add(OPENING_WEIGHT, title.quote(0, 1))
    asked = title.text.rstrip()
    if asked.endswith(_ASKING):
        weights.setdefault(Category.QUESTION, Weight()).add(ASKING_WEIGHT, asked[-1])
