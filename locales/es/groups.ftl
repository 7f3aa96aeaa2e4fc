# Groups, and what their members need to sign in with.

scope-groups = Ver los grupos a los que pertenece
scope-groups-more = Sus nombres, como su equipo o departamento.
