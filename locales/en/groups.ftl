# Groups, and what their members need to sign in with.

scope-groups = See the groups you are in
scope-groups-more = Their names, such as your team or department.
