<?php
// A small application on PHP's own sessions; `serve` sets what a fault needs of php.ini.

$bugs = array_filter(explode(',', getenv('LAB_BUGS') ?: ''));
function has(string $bug): bool { global $bugs; return in_array($bug, $bugs, true); }
function stop(int $status, string $text): never { http_response_code($status); echo $text; exit; }
function another_site(): bool { return ($_SERVER['HTTP_SEC_FETCH_SITE'] ?? '') === 'cross-site'; }
// What `regenerate` leaves of the session before: nothing, or a copy that goes on.
function regenerate(): void { session_regenerate_id(!has('FIX-05')); }

const USERS = ['alice' => 'wonderland', 'bob' => 'builder'];
session_start();
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

switch ("{$_SERVER['REQUEST_METHOD']} $path") {
    case 'GET /login':
        $_SESSION['csrf'] ??= bin2hex(random_bytes(16));
        stop(200, "<form method=post><input type=hidden name=csrf_token value='{$_SESSION['csrf']}'></form>");
    case 'POST /login':
        if (!has('CSRF-01') && ($_POST['csrf_token'] ?? '') !== ($_SESSION['csrf'] ?? null)) stop(400, 'no token');
        $name = $_POST['username'] ?? '';
        if ((USERS[$name] ?? null) !== ($_POST['password'] ?? '')) stop(401, 'wrong');
        if (!has('FIX-01') && !has('FIX-02')) regenerate();
        $data = has('FIX-04') ? ($_SESSION['data'] ?? []) : [];
        $_SESSION = ['user' => $name, 'data' => $data, 'csrf' => bin2hex(random_bytes(16))];
        header('Location: /home', true, 303);
        exit;
    case 'GET /home':
        stop(200, has('LEAK-01-BODY') ? "<script>const token = '" . session_id() . "'</script>" : '<h1>home</h1>');
    case 'GET /me':
        if (isset($_SESSION['user'])) stop(200, "<p>welcome {$_SESSION['user']}</p>");
        stop(401, 'not signed in');
    case 'GET /logout':
        if (!has('END-04')) stop(405, 'by POST');
    case 'POST /logout':
        if (another_site() && !has('END-04')) stop(403, 'another site');
        if (!has('END-01')) setcookie(session_name(), '', 1, '/');
        if (!has('END-01') && !has('END-02')) { $_SESSION = []; session_destroy(); }
        stop(200, 'bye');
    case 'POST /write':
        $_SESSION['data'][$_POST['key']] = $_POST['value'];
        stop(200, 'written');
    case 'GET /read':
        header('Content-Type: application/json');
        stop(200, json_encode($_SESSION['data'] ?? []));
    case 'GET /slow':
        if (!isset($_SESSION['user'])) stop(401, 'not signed in');
        usleep(300000);
        $_SESSION['data'][$_GET['key']] = $_GET['value'];
        stop(200, 'written slowly');
    case 'POST /elevate':
        if (!isset($_SESSION['user'])) stop(401, 'not signed in');
        if (!has('ROT-01')) regenerate();
        $_SESSION['level'] = 1;
        stop(200, 'elevated');
    default:
        stop(404, 'not found');
}
