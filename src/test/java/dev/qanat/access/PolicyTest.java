package dev.qanat.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTest {

    @Test
    void what_no_rule_takes_needs_an_admin() {
        Policy policy = new Policy(List.of());
        assertThat(policy.needed("GET", "/")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("GET", "/my/own")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("POST", "/runs")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("GET", "/runs/1/rejections/2")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("GET", "/q/healthy")).isEqualTo(Role.ADMIN);
    }

    @Test
    void a_head_is_a_get_and_a_last_slash_says_nothing() {
        Policy policy = new Policy(List.of());
        assertThat(policy.needed("HEAD", "/runs/1")).isEqualTo(Role.VIEWER);
        assertThat(policy.needed("GET", "/runs/")).isEqualTo(Role.VIEWER);
        assertThat(policy.needed("GET", "/runs//")).isEqualTo(Role.ADMIN);
    }

    @Test
    void the_operators_rules_go_first_and_may_open_and_close() {
        Policy policy = new Policy(List.of("GET /my/path=viewer", "/hook/*=public", " * /open/** = operator ", "GET /runs=admin"));
        assertThat(policy.needed("GET", "/my/path")).isEqualTo(Role.VIEWER);
        assertThat(policy.needed("HEAD", "/my/path")).isEqualTo(Role.VIEWER);
        assertThat(policy.needed("POST", "/my/path")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("POST", "/hook/a")).isEqualTo(Role.PUBLIC);
        assertThat(policy.needed("POST", "/hook")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("POST", "/hook/")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("POST", "/hook/a/b")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("DELETE", "/open")).isEqualTo(Role.OPERATOR);
        assertThat(policy.needed("DELETE", "/open/a/b")).isEqualTo(Role.OPERATOR);
        assertThat(policy.needed("DELETE", "/opened")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("GET", "/runs")).isEqualTo(Role.ADMIN);
        assertThat(policy.needed("GET", "/runs/1")).isEqualTo(Role.VIEWER);
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
