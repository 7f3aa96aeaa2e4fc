# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = Ihr Konto anlegen
invitation-lead = Sie sind eingeladen.
invitation-for = Ihr Konto bekommt die Adresse { $email }.
invitation-passkey-hint = Mit einem Passkey melden Sie sich durch Fingerabdruck, Gesicht oder die PIN Ihres Geräts an. Sie müssen sich nichts merken.
invitation-passkey = Weiter mit einem Passkey
invitation-or-password = oder mit einem Passwort
invitation-passkey-made = Ihr Passkey ist angelegt. Berichtigen Sie noch, was oben steht, dann ist Ihr Konto fertig.
invitation-dead = Dieser Link wurde schon benutzt, ist zu alt oder wurde zurückgezogen.
invitation-dead-fix = Wenn Sie Ihr Konto schon angelegt haben, melden Sie sich an. Sonst bitten Sie um einen neuen Link.

## Signing up by mail

sign-up-mail-hint = Sie bekommen eine E-Mail mit einem Link, mit dem es weitergeht.
sign-up-sent-title = Sehen Sie nach Ihrer E-Mail
sign-up-sent = Wir haben eine E-Mail an { $email } geschickt. Darin steht, wie es weitergeht.
sign-up-sent-nothing = Nichts angekommen? Sehen Sie bei unerwünschten E-Mails nach oder prüfen Sie die Adresse.
sign-up-sent-again = Eine andere Adresse versuchen

## A code by mail

code-send = Code per E-Mail schicken
code-whose = Der Code geht an die bestätigte Adresse dieses Kontos.
code-title = Code eingeben
code-sent = Wenn es ein Konto { $account } mit bestätigter Adresse gibt, ist ein Code dorthin unterwegs. Er gilt zehn Minuten, in diesem Browser.
code-label = Code
code-hint = Acht Ziffern, aus der E-Mail.
code-wrong = Dieser Code stimmt nicht oder gilt nicht mehr. Prüfen Sie ihn oder lassen Sie sich einen neuen schicken.
code-another-way = Anders anmelden
code-off = Dieser Server verschickt keine Codes.
code-dead = Dieser Link wurde schon benutzt oder ist zu alt.
code-dead-fix = Lassen Sie sich bei der Anmeldung einen neuen Code schicken.
code-elsewhere-title = Geben Sie diesen Code im anderen Browser ein
code-elsewhere = Sie haben den Link in einem anderen Browser geöffnet als dem, in dem Sie ihn angefordert haben. Geben Sie dort diesen Code ein:
code-elsewhere-not-you = Geben Sie diesen Code niemandem. Haben Sie ihn nicht angefordert? Dann schließen Sie diese Seite, und nichts geschieht.
method-mailed-code = Code per E-Mail

## Mails

mail-invitation-by-nobody = Sie sind eingeladen, bei { $site } ein Konto anzulegen.
mail-sign-up-subject = Legen Sie Ihr Konto bei { $site } an
mail-sign-up-text = Diese Adresse wurde angegeben, um bei { $site } ein Konto anzulegen. Mit dieser Schaltfläche geht es weiter.
mail-sign-up-button = Mein Konto anlegen
mail-sign-up-ignore = Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Ohne Sie geschieht nichts.
mail-exists-subject = Sie haben schon ein Konto bei { $site }
mail-exists-text = Diese Adresse wurde angegeben, um bei { $site } ein Konto anzulegen, und sie hat schon eines: { $account }.
mail-exists-button = Anmelden
mail-exists-ignore = Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Es hat sich nichts geändert.
