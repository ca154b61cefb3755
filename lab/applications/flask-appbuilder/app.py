"""The smallest application of Flask-AppBuilder, with its own sign-in and two users.

    python app.py PORT FOLDER
"""

import os
import sys

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class

port, folder = int(sys.argv[1]), sys.argv[2]
app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.urandom(32),
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/lab.db",
    AUTH_RATE_LIMITED=False,
)
database = get_sqla_class()(app)
with app.app_context():
    builder = AppBuilder(app, database.session)
    for user in ("alice", "bob"):
        builder.sm.add_user(
            user, user.title(), "Lab", f"{user}@example.org", builder.sm.find_role("Admin"),
            password=f"{user}-has-a-password",
        )
app.run("127.0.0.1", port, threaded=True)
