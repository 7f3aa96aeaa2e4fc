# Groups, and what their members need to sign in with.

scope-groups = Voir les groupes dont vous faites partie
scope-groups-more = Leurs noms, comme votre équipe ou votre service.
