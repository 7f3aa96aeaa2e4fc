# Groups, and what their members need to sign in with.

scope-groups = Ihre Gruppen sehen
scope-groups-more = Deren Namen, zum Beispiel Ihr Team oder Ihre Abteilung.

set-up-title = Erst noch etwas einrichten
set-up-account = angemeldet als { $account }
set-up-two-factors = Diese Anmeldung verlangt einen zweiten Nachweis: eine Authentifizierungs-App oder einen Passkey. Ihr Konto ist dafür noch nicht eingerichtet.
set-up-passkey = Diese Anmeldung verlangt einen Passkey. Ihr Konto hat noch keinen.
set-up-open = Jetzt einrichten
set-up-back = Das öffnet sich in einem anderen Tab. Kommen Sie danach auf diese Seite zurück und machen Sie weiter.
