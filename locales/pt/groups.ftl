# Groups, and what their members need to sign in with.

scope-groups = Ver os grupos de que faz parte
scope-groups-more = Os nomes deles, como a sua equipe ou departamento.
