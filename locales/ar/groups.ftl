# Groups, and what their members need to sign in with.

scope-groups = الاطلاع على المجموعات التي تنتمي إليها
scope-groups-more = أسماؤها، مثل فريقك أو قسمك.
