# Anrede: Sie.

## What stands in all of them

mail-copy-link = Wenn die Schaltfläche nichts bewirkt, kopieren Sie diese Adresse in Ihren Browser:
mail-footer = Diese Nachricht wurde automatisch von { $site } versendet. Antworten werden nicht gelesen.
mail-works-minutes = Das gilt einmal und { $count ->
        [one] eine Minute
       *[other] { $count } Minuten
    } lang.
mail-works-hours = Das gilt einmal und { $count ->
        [one] eine Stunde
       *[other] { $count } Stunden
    } lang.
mail-works-days = Das gilt einmal und { $count ->
        [one] einen Tag
       *[other] { $count } Tage
    } lang.
mail-time = Zeit
mail-device = Gerät
mail-address = IP-Adresse

## Confirming an address

mail-verify-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $site }
mail-verify-text = Diese Adresse wurde für das Konto { $account } bei { $site } angegeben. Wenn das Ihr Konto ist, bestätigen Sie, dass die Adresse Ihnen gehört.
mail-verify-button = Diese Adresse bestätigen
mail-verify-ignore = Wenn Sie dieses Konto nicht kennen, ignorieren Sie diese Nachricht: Ohne Sie geschieht nichts.

## A forgotten password

mail-reset-subject = Wählen Sie ein neues Passwort für { $site }
mail-reset-text = Jemand hat ein neues Passwort für Ihr Konto { $account } bei { $site } angefordert.
mail-reset-button = Neues Passwort wählen
mail-reset-ignore = Wenn Sie das nicht waren, ignorieren Sie diese Nachricht: Ihr Passwort bleibt, wie es ist.

## A code and a link to sign in with

mail-code-subject = Ihr Code für die Anmeldung bei { $site }
mail-code-text = Geben Sie diesen Code ein, um sich bei { $site } anzumelden:
mail-code-link = Oder melden Sie sich mit dieser Schaltfläche an, in dem Browser, in dem Sie den Code angefordert haben.
mail-code-button = Anmelden
mail-code-ignore = Verraten Sie diesen Code niemandem: Wer Sie danach fragt, will in Ihr Konto. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.

## The password was changed

mail-password-subject = Ihr Passwort für { $site } wurde geändert
mail-password-text = Das Passwort Ihres Kontos { $account } bei { $site } wurde geändert.
mail-password-not-you = Wenn Sie das nicht waren, hat jemand anderes Ihr Konto. Wählen Sie sofort ein neues Passwort.
mail-password-button = Neues Passwort wählen

## A passkey was added

mail-passkey-subject = Ihrem Konto bei { $site } wurde ein Passkey hinzugefügt
mail-passkey-text = Der Passkey „{ $passkey }“ wurde Ihrem Konto { $account } bei { $site } hinzugefügt. Wer ihn hat, kann sich anmelden.
mail-passkey-not-you = Wenn Sie das nicht waren, hat jemand anderes Ihr Konto. Entfernen Sie den Passkey und ändern Sie sofort Ihr Passwort.
mail-passkey-button = Mein Konto ansehen

## An invitation

mail-invitation-subject = Sie sind zu { $site } eingeladen
mail-invitation-text = { $inviter } lädt Sie ein, ein Konto bei { $site } anzulegen.
mail-invitation-button = Einladung annehmen
mail-invitation-ignore = Wenn Sie nicht wissen, wer das ist, ignorieren Sie diese Nachricht.

## A sign-in on a new device

mail-sign-in-subject = Neue Anmeldung an Ihrem Konto bei { $site }
mail-sign-in-text = An Ihrem Konto { $account } bei { $site } hat sich jemand auf einem Gerät angemeldet, das wir noch nicht kennen.
mail-sign-in-you = Wenn Sie das waren, ist nichts zu tun.
mail-sign-in-not-you = Wenn Sie das nicht waren, kennt jemand anderes Ihr Passwort. Melden Sie das Gerät ab und ändern Sie sofort Ihr Passwort.
mail-sign-in-button = Mein Konto ansehen

## Die Anmeldung wurde geändert

mail-app-added-subject = Für Ihr Konto bei { $site } wurde eine Authentifizierungs-App eingerichtet
mail-app-added-text = Bei der Anmeldung an Ihrem Konto { $account } bei { $site } wird ab jetzt nach einem Code aus einer Authentifizierungs-App gefragt, die eben eingerichtet wurde. Es gibt auch neue Wiederherstellungscodes.
mail-app-removed-subject = Die Authentifizierungs-App Ihres Kontos bei { $site } wurde ausgeschaltet
mail-app-removed-text = Ihr Konto { $account } bei { $site } hat keine Authentifizierungs-App mehr, und seine Wiederherstellungscodes gelten nicht mehr.
mail-codes-made-subject = Neue Wiederherstellungscodes für Ihr Konto bei { $site }
mail-codes-made-text = Für Ihr Konto { $account } bei { $site } wurden neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.
mail-code-used-subject = Ein Wiederherstellungscode Ihres Kontos bei { $site } wurde verwendet
mail-code-used-text = Bei einer Anmeldung an Ihrem Konto { $account } bei { $site } wurde statt der Authentifizierungs-App ein Wiederherstellungscode verwendet.
mail-passkey-removed-subject = Aus Ihrem Konto bei { $site } wurde ein Passkey entfernt
mail-passkey-removed-text = Der Passkey „{ $passkey }“ wurde aus Ihrem Konto { $account } bei { $site } entfernt.
mail-linked-subject = Ihr Konto bei { $site } wurde mit { $provider } verknüpft
mail-linked-text = Das Konto „{ $label }“ bei { $provider } wurde mit Ihrem Konto { $account } bei { $site } verknüpft. Wer es hat, kann sich anmelden.
mail-unlinked-subject = Ihr Konto bei { $site } ist nicht mehr mit { $provider } verknüpft
mail-unlinked-text = Mit dem Konto „{ $label }“ bei { $provider } kann man sich nicht mehr an Ihrem Konto { $account } bei { $site } anmelden.
mail-change-not-you = Wenn Sie das waren, ist nichts zu tun. Wenn nicht, hat jemand anderes Ihr Konto: Machen Sie die Änderung rückgängig und ändern Sie sofort Ihr Passwort.

## A wrong second step, and the end of an account

mail-second-refused-subject = Eine Anmeldung an Ihrem Konto bei { $site } scheiterte am zweiten Schritt
mail-second-refused-text = Für Ihr Konto { $account } bei { $site } wurde das richtige Passwort und danach ein falscher Code eingegeben. Angemeldet wurde niemand.
mail-second-refused-not-you = Wenn Sie es nicht waren, kennt jemand anderes Ihr Passwort. Wählen Sie sofort ein neues.
mail-deleted-subject = Ihr Konto bei { $site } wurde gelöscht
mail-deleted-text = Ihr Konto { $account } bei { $site } wurde gelöscht. Dies ist die letzte Nachricht dazu.
mail-deleted-not-you = Wenn Sie das nicht wollten, wenden Sie sich sofort an den Betreiber.
mail-deleted-button = Zu { $site }
