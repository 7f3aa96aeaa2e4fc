# Groups, and what their members need to sign in with.

scope-groups = 查看您所在的群组
scope-groups-more = 群组的名称，例如您的团队或部门。
