import jakarta.servlet.SessionTrackingMode;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.http.Rfc6265CookieProcessor;

/** A small application on Tomcat's sessions, and one flag for each fault. */
public class Lab extends HttpServlet {
    private static final Map<String, String> USERS = Map.of("alice", "wonderland", "bob", "builder");
    private static final Set<String> bugs = new HashSet<>();

    private static boolean has(String bug) {
        return bugs.contains(bug);
    }

    public static void main(String[] arguments) throws Exception {
        int port = 0;
        for (int place = 0; place + 1 < arguments.length; place += 2) {
            switch (arguments[place]) {
                case "--port" -> port = Integer.parseInt(arguments[place + 1]);
                case "--bugs" -> bugs.addAll(Arrays.asList(arguments[place + 1].split(",")));
                default -> throw new IllegalArgumentException(arguments[place]);
            }
        }
        java.util.logging.LogManager.getLogManager().reset();
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("lab-tomcat").toString());
        tomcat.setPort(port);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", null);
        if (!has("COOK-03")) {
            Rfc6265CookieProcessor cookies = new Rfc6265CookieProcessor();
            cookies.setSameSiteCookies("lax");
            context.setCookieProcessor(cookies);
        }
        context.setUseHttpOnly(!has("COOK-02"));
        context.addServletContainerInitializer((classes, servlets) -> {
            servlets.setSessionTrackingModes(has("FIX-03")
                    ? EnumSet.of(SessionTrackingMode.COOKIE, SessionTrackingMode.URL)
                    : EnumSet.of(SessionTrackingMode.COOKIE));
            if (has("COOK-05")) servlets.getSessionCookieConfig().setMaxAge(30 * 24 * 3600);
        }, Set.of());
        Tomcat.addServlet(context, "lab", new Lab());
        context.addServletMappingDecoded("/*", "lab");
        tomcat.start();
        tomcat.getServer().await();
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!has("CACHE-01")) response.setHeader("Cache-Control", "no-store");
        HttpSession session = request.getSession(false);
        String user = session == null ? null : (String) session.getAttribute("user");
        switch (request.getMethod() + " " + request.getPathInfo()) {
            case "GET /login" -> {
                session = request.getSession();
                if (session.getAttribute("csrf") == null) session.setAttribute("csrf", UUID.randomUUID().toString());
                say(response, 200, "<form method=post><input type=hidden name=csrf_token value='"
                        + session.getAttribute("csrf") + "'></form>");
            }
            case "POST /login" -> logIn(request, response, session);
            case "GET /me" -> {
                if (user == null) say(response, 401, "not signed in");
                else say(response, 200, "<p>welcome " + user + "</p>");
            }
            case "GET /home" -> say(response, 200, has("LEAK-01-BODY") && session != null
                    ? "<script>const token = '" + session.getId() + "'</script>" : "<h1>home</h1>");
            case "GET /logout", "POST /logout" -> logOut(request, response, session);
            case "POST /write" -> {
                request.getSession().setAttribute("data." + request.getParameter("key"), request.getParameter("value"));
                say(response, 200, "written");
            }
            case "GET /read" -> say(response, 200, data(session).toString());
            case "GET /slow" -> {
                if (user == null) {
                    say(response, 401, "not signed in");
                    return;
                }
                try {
                    Thread.sleep(300);
                    session.setAttribute("data." + request.getParameter("key"), request.getParameter("value"));
                    say(response, 200, "written slowly");
                } catch (InterruptedException | IllegalStateException gone) {
                    say(response, 409, "the session has ended");
                }
            }
            case "POST /elevate" -> {
                if (user == null) {
                    say(response, 401, "not signed in");
                    return;
                }
                if (!has("ROT-01")) request.changeSessionId();
                session.setAttribute("level", 1);
                say(response, 200, "elevated");
            }
            default -> say(response, 404, "not found");
        }
    }

    private void logIn(HttpServletRequest request, HttpServletResponse response, HttpSession session)
            throws IOException {
        Object token = session == null ? null : session.getAttribute("csrf");
        if (!has("CSRF-01") && (token == null || !token.equals(request.getParameter("csrf_token")))) {
            say(response, 400, "no token");
            return;
        }
        String name = String.valueOf(request.getParameter("username"));
        if (!String.valueOf(USERS.get(name)).equals(request.getParameter("password"))) {
            say(response, 401, "wrong");
            return;
        }
        if (has("FIX-01") && session != null) {
            session.setAttribute("user", name);
        } else {
            Map<String, Object> kept = has("FIX-04") ? data(session) : Map.of();
            if (session != null) session.invalidate();
            HttpSession fresh = request.getSession();
            kept.forEach((key, value) -> fresh.setAttribute("data." + key, value));
            fresh.setAttribute("user", name);
        }
        response.sendRedirect("/home");
    }

    private void logOut(HttpServletRequest request, HttpServletResponse response, HttpSession session)
            throws IOException {
        boolean anotherSite = "cross-site".equals(request.getHeader("Sec-Fetch-Site"));
        if (!has("END-04") && (anotherSite || request.getMethod().equals("GET"))) {
            say(response, 403, "another site");
            return;
        }
        if (has("END-02")) {
            Cookie cookie = new Cookie("JSESSIONID", "");
            cookie.setMaxAge(0);
            cookie.setPath("/");
            response.addCookie(cookie);
        } else if (!has("END-01") && session != null) {
            session.invalidate();
        }
        say(response, 200, "bye");
    }

    private static Map<String, Object> data(HttpSession session) {
        Map<String, Object> data = new TreeMap<>();
        if (session == null) return data;
        session.getAttributeNames().asIterator().forEachRemaining(name -> {
            if (name.startsWith("data.")) data.put(name.substring(5), session.getAttribute(name));
        });
        return data;
    }

    private static void say(HttpServletResponse response, int status, String text) throws IOException {
        response.setStatus(status);
        response.setContentType("text/html");
        response.getWriter().write(text);
    }
}
