# What people see and do in their own account, beyond how they sign in.
tab-overview = Übersicht
tab-profile = Profil

## The profile
profile-title = Ihr Profil
profile-hint = Anwendungen, die Ihr Profil sehen dürfen, bekommen, was hier steht. Alles darf leer bleiben.
profile-names = Womit Sie sich anmelden
profile-username-hint = Anwendungen kennen Sie vielleicht unter ihm. Nur die Administration kann ihn ändern.
profile-change-email = Adresse ändern
profile-confirmed = bestätigt
profile-unconfirmed = nicht bestätigt
profile-about = Über Sie
profile-full-name = Vollständiger Name
profile-postal = Postanschrift
claim-given-names = Vornamen
claim-middle-names = Weitere Vornamen
claim-family-names = Nachnamen
claim-nickname = Rufname
claim-phone = Telefon
claim-birthdate = Geburtsdatum
claim-gender = Geschlecht
claim-locale = Bevorzugte Sprache
claim-time-zone = Zeitzone
claim-picture = Adresse eines Bildes
claim-profile = Adresse einer Profilseite
claim-website = Webseite
claim-street = Straße
claim-formatted = Anschrift wie auf einem Brief
claim-postal-code = Postleitzahl
claim-city = Ort
claim-region = Bundesland oder Region
claim-country = Land
mistake-claim = „{ $field }“ ist zu lang oder nicht in der verlangten Form.
notice-profile-saved = Ihr Profil ist gespeichert.

## Another e-mail address
address-title = E-Mail-Adresse ändern
address-lead = Ab dann melden Sie sich mit der neuen Adresse an, und Post geht dorthin. Sie gilt als nicht bestätigt.
address-lead-mailed = Wir senden eine E-Mail an die neue Adresse. Sie tritt an die Stelle der alten, sobald Sie den Link dieser E-Mail hier öffnen; bis dahin ändert sich nichts.
profile-address-waits = { $email } wartet auf Bestätigung: Öffnen Sie den Link der E-Mail, die dorthin ging.
address-told = { $email } wird von der Änderung benachrichtigt.
address-new = Neue E-Mail-Adresse
address-of-directory = Die Adresse dieses Kontos wird im Verzeichnis Ihrer Organisation geführt.
notice-address-changed = Ihre E-Mail-Adresse ist geändert.
mail-moved-subject = Die E-Mail-Adresse Ihres Kontos bei { $site } wurde geändert
mail-moved-text = Ihr Konto { $account } bei { $site } hat jetzt eine andere E-Mail-Adresse. An diese geht nichts mehr.
mail-moved-not-you = Wenn Sie das nicht waren, hat jemand anderes Ihr Konto. Melden Sie sich sofort mit Ihrem Benutzernamen an, ändern Sie Ihr Passwort und setzen Sie die Adresse zurück. Geht das nicht, sagen Sie es dem Betreiber.

## What happened lately
activity-title = Letzte Aktivitäten
activity-hint = Wenn etwas nicht von Ihnen ist: Ändern Sie Ihr Passwort und melden Sie alle anderen Geräte ab.
activity-by-administrator = durch die Administration
activity-signed-in = Angemeldet
activity-signed-out = Abgemeldet
activity-device-signed-out = Ein Gerät wurde abgemeldet
activity-sign-in-refused = Eine Anmeldung schlug fehl
activity-others-signed-out = Geräte wurden abgemeldet
activity-account-made = Konto angelegt
activity-profile-changed = Profil geändert
activity-address-changed = E-Mail-Adresse geändert
activity-address-confirmed = E-Mail-Adresse bestätigt
activity-password-changed = Passwort geändert
activity-app-allowed = { $app } bekam Zugriff
activity-app-removed = { $app } wurde der Zugriff entzogen
activity-authenticator-added = Authentifizierungs-App eingerichtet
activity-authenticator-removed = Authentifizierungs-App ausgeschaltet
activity-passkey-added = Passkey hinzugefügt
activity-passkey-removed = Passkey entfernt
activity-codes-made = Neue Wiederherstellungscodes erzeugt
activity-account-linked = Ein anderes Konto wurde verknüpft
activity-account-unlinked = Die Verknüpfung mit einem anderen Konto wurde gelöst
activity-other = Etwas anderes: { $action }

## Taking one's data along, and leaving
data-title = Ihre Daten
data-download = Ihre Daten herunterladen
data-download-hint = Alles, was dieser Server über Sie aufbewahrt, als JSON-Datei. Passwörter und Schlüssel stehen nicht darin.
delete-title = Ihr Konto löschen
delete-hint = Sie werden überall abgemeldet, und jede Anwendung verliert sofort ihren Zugriff. Das lässt sich nicht rückgängig machen.
delete-confirm = Geben Sie zum Fortfahren Ihren Benutzernamen ein: { $username }
delete-submit = Mein Konto endgültig löschen
delete-wrong = Das ist nicht Ihr Benutzername. Nichts wurde gelöscht.
delete-last-administrator = Nur Sie administrieren diesen Server. Machen Sie zuerst jemand anderen zum Administrator.
deleted-title = Ihr Konto ist gelöscht
deleted-lead = Anwendungen, die Sie benutzt haben, bewahren vielleicht noch auf, was sie über Sie wissen. Fragen Sie dort nach.
