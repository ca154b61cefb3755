//! The page shows what the tests run.

use std::fs;
use std::path::Path;

use certsession_tests::proxies::Proxy;

#[test]
fn the_page_shows_each_recipe_as_the_tests_run_it() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = fs::read_to_string(docs.join("proxies.md")).unwrap();
    for proxy in Proxy::ALL {
        let recipe = fs::read_to_string(docs.join("proxies").join(proxy.recipe())).unwrap();
        let block = format!("\n{recipe}```\n");
        assert!(
            page.contains(&block),
            "docs/proxies.md has to show docs/proxies/{} as it is",
            proxy.recipe()
        );
    }
}
