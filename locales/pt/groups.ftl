# Groups, and what their members need to sign in with.

scope-groups = Ver os grupos de que faz parte
scope-groups-more = Os nomes deles, como a sua equipe ou departamento.

set-up-title = Primeiro, algo a configurar
set-up-account = sessão iniciada como { $account }
set-up-two-factors = Esta entrada pede uma segunda forma de provar quem você é: um aplicativo autenticador ou uma chave de acesso. Sua conta ainda não tem nenhum deles.
set-up-passkey = Esta entrada pede uma chave de acesso. Sua conta ainda não tem nenhuma.
set-up-open = Configurar
set-up-back = Abre em outra aba. Quando terminar, volte a esta página e continue.
