package dev.qanat.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTest {

    private static Role needed(Policy policy, String method, String path) {
        return policy.needed(method, path, Set.of("market-data")::contains);
    }

    @Test
    void what_a_pipeline_exposes_is_read_by_viewers_and_written_by_operators() {
        Policy policy = new Policy(List.of());
        assertThat(needed(policy, "GET", "/api/v1/market-data")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "GET", "/api/v1/market-data/7")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "GET", "/api/v1/market-data/7/changes")).isEqualTo(Role.OPERATOR);
        assertThat(needed(policy, "PATCH", "/api/v1/market-data/7")).isEqualTo(Role.OPERATOR);
        assertThat(needed(policy, "DELETE", "/api/v1/market-data")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/api/v1/market_data")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/api/v1/%6darket-data")).isEqualTo(Role.ADMIN);
    }

    @Test
    void what_no_rule_takes_needs_an_admin() {
        Policy policy = new Policy(List.of());
        assertThat(needed(policy, "GET", "/")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/my/own")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "POST", "/runs")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/runs/1/rejections/2")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/q/healthy")).isEqualTo(Role.ADMIN);
    }

    @Test
    void a_head_is_a_get_and_a_last_slash_says_nothing() {
        Policy policy = new Policy(List.of());
        assertThat(needed(policy, "HEAD", "/runs/1")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "GET", "/runs/")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "GET", "/runs//")).isEqualTo(Role.ADMIN);
    }

    @Test
    void the_operators_rules_go_first_and_may_open_and_close() {
        Policy policy = new Policy(List.of("GET /my/path=viewer", "/hook/*=public", " * /open/** = operator ", "GET /runs=admin"));
        assertThat(needed(policy, "GET", "/my/path")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "HEAD", "/my/path")).isEqualTo(Role.VIEWER);
        assertThat(needed(policy, "POST", "/my/path")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "POST", "/hook/a")).isEqualTo(Role.PUBLIC);
        assertThat(needed(policy, "POST", "/hook")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "POST", "/hook/")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "POST", "/hook/a/b")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "DELETE", "/open")).isEqualTo(Role.OPERATOR);
        assertThat(needed(policy, "DELETE", "/open/a/b")).isEqualTo(Role.OPERATOR);
        assertThat(needed(policy, "DELETE", "/opened")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/runs")).isEqualTo(Role.ADMIN);
        assertThat(needed(policy, "GET", "/runs/1")).isEqualTo(Role.VIEWER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/path", "path=viewer", "/path=nobody", "get /path=viewer", "/a/**/b=viewer", "/path?x=viewer", "GET=viewer"})
    void what_is_no_rule_is_refused(String text) {
        assertThatThrownBy(() -> new Policy(List.of("/fine=viewer", text)))
                .isInstanceOfSatisfying(
                        InputFailure.class, failure -> assertThat(failure.code()).isEqualTo(Code.INVALID_SETTING))
                .hasMessageStartingWith("QANAT_ACCESS: '" + text + "' is no rule; one looks like 'GET /my/path=viewer'");
    }

    @Test
    void each_role_may_what_the_ones_before_it_may() {
        assertThat(Role.ADMIN.reaches(Role.ADMIN)).isTrue();
        assertThat(Role.ADMIN.reaches(Role.VIEWER)).isTrue();
        assertThat(Role.OPERATOR.reaches(Role.ADMIN)).isFalse();
        assertThat(Role.VIEWER.reaches(Role.OPERATOR)).isFalse();
        assertThat(Role.VIEWER.reaches(Role.PUBLIC)).isTrue();
    }
}
