# Devices without a browser, which a person connects by a code.

device-title = Gerät verbinden
device-code = Code des Geräts
device-code-hint = Die acht Buchstaben, die das Gerät anzeigt, zum Beispiel
device-never-sent = Geben Sie nur einen Code von einem Gerät ein, das Sie vor sich haben. Niemand hat einen Grund, Ihnen einen zu schicken.
device-malformed = Ein Code hat acht Buchstaben. Vergleichen Sie Ihre Eingabe mit der Anzeige des Geräts.
device-not-waiting = Auf diesen Code wartet kein Gerät, oder keines mehr: Ein Code gilt zehn Minuten lang und einmal. Vergleichen Sie ihn mit der Anzeige des Geräts, oder lassen Sie das Gerät einen neuen anzeigen.
device-allow-title = { $app } auf einem Gerät anmelden?
device-compare = Zeigt das Gerät vor Ihnen diesen Code an?
device-phishing = Jemand hat Ihnen den Code oder einen Link zu dieser Seite geschickt? Dann lassen Sie es nicht zu: Er käme in Ihr Konto.
device-unverified = Diese Anwendung hat sich selbst registriert. Ihren Namen und ihre Links hat hier niemand geprüft. Fahren Sie nur fort, wenn Sie sie selbst ausgewählt haben.
device-allowed-title = Ihr Gerät ist verbunden
device-allowed = Sie können zu Ihrem Gerät zurückkehren. { $app } macht dort in wenigen Sekunden weiter.
device-denied-title = Ihr Gerät ist nicht verbunden
device-denied = { $app } erfährt, dass Sie es nicht zulassen.
device-close = Sie können diese Seite schließen.
activity-device-allowed = Ein Gerät wurde bei { $app } angemeldet
activity-device-denied = Ein Gerät wurde bei { $app } abgelehnt
