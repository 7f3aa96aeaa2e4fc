# Groups, and what their members need to sign in with.

scope-groups = Ihre Gruppen sehen
scope-groups-more = Deren Namen, zum Beispiel Ihr Team oder Ihre Abteilung.
