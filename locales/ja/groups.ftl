# Groups, and what their members need to sign in with.

scope-groups = 所属グループの閲覧
scope-groups-more = チームや部署などのグループ名です。
