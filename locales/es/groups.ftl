# Groups, and what their members need to sign in with.

scope-groups = Ver los grupos a los que pertenece
scope-groups-more = Sus nombres, como su equipo o departamento.

set-up-title = Primero hay algo que configurar
set-up-account = ha iniciado sesión como { $account }
set-up-two-factors = Este inicio de sesión exige una segunda forma de demostrar quién es: una aplicación de autenticación o una llave de acceso. Su cuenta aún no la tiene.
set-up-passkey = Este inicio de sesión exige una llave de acceso. Su cuenta aún no tiene ninguna.
set-up-open = Configurar
set-up-back = Se abre en otra pestaña. Cuando termine, vuelva a esta página y continúe.
