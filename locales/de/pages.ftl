# Anrede: Sie. „Anwendung“ ist, was sich anmelden lässt; „Gerät“, wo jemand angemeldet ist.

## The frame of every page

language = Sprache
skip-to-content = Zum Inhalt springen
main-navigation = Hauptnavigation
account-link = Konto
administration-link = Verwaltung
sign-out = Abmelden
continue = Weiter

## Forms

username = Benutzername
email = E-Mail-Adresse
name = Name
password = Passwort
optional = freiwillig
password-hint = Lang ist besser als kompliziert: Ein paar Wörter ohne Zusammenhang genügen.
form-mistakes = Bitte berichtigen Sie Folgendes und versuchen Sie es noch einmal:
mistake-username = Ein Benutzername besteht aus 1 bis 64 Zeichen: Buchstaben ohne Umlaute, Ziffern und . _ - +
mistake-email = Eine E-Mail-Adresse sieht aus wie name@example.com, nur mit ASCII-Zeichen und höchstens 254 davon.
mistake-name = Ein Name hat 1 bis 128 Zeichen, ohne Steuer- und Richtungszeichen.
mistake-password = Ein Passwort hat 8 bis 1024 Zeichen.
username-taken = Dieser Benutzername ist schon vergeben.
email-taken = Diese E-Mail-Adresse ist schon vergeben.
too-many-attempts = Zu viele Versuche. Bitte warten Sie { $wait } und versuchen Sie es dann noch einmal.
server-busy = Der Server ist ausgelastet. Bitte versuchen Sie es gleich noch einmal.

## Signing in

login-title = Anmelden
login-choose = Konto auswählen
login-to-application = um mit { $app } fortzufahren
login-to-account = bei Ihrem Konto
login-continue-as = Weiter als { $account }
login-or-another = oder mit einem anderen Konto
login-username = Benutzername oder E-Mail-Adresse
login-remember = Auf diesem Gerät angemeldet bleiben
login-remember-hint = Lassen Sie das weg, wenn auch andere es benutzen.
login-new-here = Neu hier? { $link }
login-wrong = Benutzername und Passwort passen nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
login-busy = Gerade melden sich viele Leute an. Bitte versuchen Sie es gleich noch einmal.

## Making an account

sign-up-title = Konto anlegen
sign-up-submit = Konto anlegen
sign-up-have-account = Sie haben schon ein Konto? { $link }

## What is said of an application

app-unverified = Diese Anwendung hat sich selbst registriert. Ihren Namen und ihre Links hat hier niemand geprüft. Fahren Sie nur fort, wenn Sie zu { $host } gelangen möchten.
app-next = Danach geht es zu { $host }
app-about = Über { $app }
app-website = Website
app-privacy = Datenschutz
app-terms = Nutzungsbedingungen

## Consent

consent-title = { $app } zulassen?
consent-heading = Darf { $app } Ihr Konto verwenden?
signed-in-as = Sie sind angemeldet als { $account }.
consent-not-you = Nicht Sie?
consent-able = Die Anwendung kann dann
consent-allow = Zulassen
consent-deny = Ablehnen
consent-take-back = Das können Sie jederzeit auf Ihrer { $link } widerrufen.
consent-account-page = Kontoseite

## What scopes allow; the first ones continue “It will be able to”

scope-openid = Erkennen, dass Sie es sind
scope-openid-more = Sie erhält eine Kennung Ihres Kontos und erfährt, wann und wie Sie sich angemeldet haben.
scope-profile = Ihr Profil sehen
scope-profile-more = Name, Benutzername und die übrigen Angaben Ihres Profils.
scope-email = Ihre E-Mail-Adresse sehen
scope-email-more = Und ob die Adresse bestätigt ist.
scope-address = Ihre Postanschrift sehen
scope-address-more = Die Anschrift in Ihrem Profil.
scope-phone = Ihre Telefonnummer sehen
scope-phone-more = Und ob die Nummer bestätigt ist.
scope-offline = Verbunden bleiben
scope-offline-more = Sie behält den Zugriff, auch während Sie sie nicht benutzen, bis Sie ihn widerrufen.
scope-other = „{ $scope }“ verwenden
scope-other-more = Eine Berechtigung, die die Anwendung und ihr Dienst festlegen.

## Devices, and ways to sign in

device-browser-on-system = { $browser } auf { $system }
device-unknown = Unbekanntes Gerät
method-password = Passwort
list-separator = ,{" "}
method-one-time-code = Einmalcode
method-security-key = Sicherheitsschlüssel
method-two-steps = zwei Schritte

## Times

date-time = { $day }. { $month ->
    [1] Jan.
    [2] Febr.
    [3] März
    [4] Apr.
    [5] Mai
    [6] Juni
    [7] Juli
    [8] Aug.
    [9] Sept.
    [10] Okt.
    [11] Nov.
   *[12] Dez.
} { $year }, { $time } UTC
date-unknown = zu unbekannter Zeit
ago-now = gerade eben
ago-minutes = { $count ->
    [one] vor 1 Minute
   *[other] vor { $count } Minuten
}
ago-hours = { $count ->
    [one] vor 1 Stunde
   *[other] vor { $count } Stunden
}
duration-seconds = { $count ->
    [one] 1 Sekunde
   *[other] { $count } Sekunden
}
duration-minutes = { $count ->
    [one] 1 Minute
   *[other] { $count } Minuten
}
duration-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}

## One's own account

account-title = Ihr Konto
account-devices = Wo Sie angemeldet sind
account-devices-hint = Wenn Sie ein Gerät nicht erkennen, melden Sie es ab und ändern Sie Ihr Passwort.
account-sign-out-device = { $device }: Abmelden
account-this-device = Dieses Gerät
session-last-used = Zuletzt verwendet: { $when }
session-signed-in = Angemeldet: { $when } von { $ip }
session-signed-in-with = Angemeldet: { $when } von { $ip } ({ $methods })
session-ends = endet { $when }
account-sign-out-others = Alle anderen Geräte abmelden
account-sign-out-others-hint = Auf jedem Gerät außer diesem müssen Sie sich dann neu anmelden.
account-sign-out-others-submit = Andere Geräte abmelden
account-apps = Anwendungen mit Zugriff
account-apps-hint = Was Sie zugelassen haben und wie Sie es widerrufen.
account-no-apps = Noch keine. Wenn Sie sich mit diesem Konto bei einer Anwendung anmelden, steht sie hier.
account-app-since = Seit { $when }
account-app-open = Öffnen
account-app-open-name = { $app }: Öffnen
account-app-remove = Zugriff entziehen
account-app-remove-name = { $app }: Zugriff entziehen
account-app-remove-hint = Der Zugriff endet sofort. Wenn Sie { $app } das nächste Mal benutzen, muss die Anwendung Sie neu fragen.
account-change-password = Passwort ändern
account-current-password = Bisheriges Passwort
account-new-password = Neues Passwort
account-wrong-password = Das bisherige Passwort stimmt nicht. Es wurde nichts geändert.
account-password-too-short = Das neue Passwort ist zu kurz. Verwenden Sie mindestens { $count ->
    [one] 1 Zeichen
   *[other] { $count } Zeichen
}.
account-password-too-long = Das neue Passwort ist zu lang. Verwenden Sie höchstens { $count ->
    [one] 1 Zeichen
   *[other] { $count } Zeichen
}.
notice-session-ended = Das Gerät ist abgemeldet.
notice-others-ended = Alle Ihre anderen Geräte sind abgemeldet.
notice-app-revoked = Die Anwendung hat keinen Zugriff mehr auf Ihr Konto.
notice-password-changed = Ihr Passwort ist geändert. Alle Ihre anderen Geräte sind abgemeldet.

## Signing out

logout-title = Abmelden
logout-question = Abmelden?
logout-asked-by = { $app } möchte Sie bei { $product } abmelden.
logout-here = Damit melden Sie sich auf diesem Gerät bei { $product } ab.
logout-stay = Angemeldet bleiben
signed-out-title = Abgemeldet
signed-out-heading = Sie sind abgemeldet
signed-out-hint = Wenn auch andere dieses Gerät benutzen, schließen Sie zusätzlich den Browser.
signed-out-back = Zurück zu { $app }
signed-out-again = Neu anmelden
signing-out-title = Abmeldung läuft
signing-out-apps = { $count ->
    [one] Auch bei einer Anwendung werden Sie abgemeldet:
   *[other] Auch bei diesen Anwendungen werden Sie abgemeldet:
}
signing-out-frame = Abmeldung bei { $app }

## On the way back to an application

form-post-title = Zurück zu { $host }
form-post-heading = Es geht zurück zu { $host }
form-post-moment = Das dauert einen Augenblick.

## The first administrator

setup-title = Einrichten
setup-heading = Administratorkonto anlegen
setup-lead = Mit diesem Konto werden Anwendungen und Benutzer verwaltet. Der Link, der Sie hierher geführt hat, funktioniert nur einmal.
setup-submit = Administratorkonto anlegen
setup-done-title = Fertig
setup-done-heading = { $product } ist bereit
setup-done-lead = { $account } verwaltet diesen Server. Registrieren Sie nun die erste Anwendung.
setup-done-register = Anwendung registrieren
setup-done-look = Erst einmal umsehen
