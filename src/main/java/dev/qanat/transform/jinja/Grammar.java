package dev.qanat.transform.jinja;

import com.hubspot.jinjava.el.ExtendedSyntaxBuilder;
import com.hubspot.jinjava.el.ext.AbsOperator;
import com.hubspot.jinjava.el.ext.AdditionOperator;
import com.hubspot.jinjava.el.ext.AstDict;
import com.hubspot.jinjava.el.ext.AstFilterChain;
import com.hubspot.jinjava.el.ext.AstList;
import com.hubspot.jinjava.el.ext.AstRangeBracket;
import com.hubspot.jinjava.el.ext.AstTuple;
import com.hubspot.jinjava.el.ext.CollectionMembershipOperator;
import com.hubspot.jinjava.el.ext.CollectionNonMembershipOperator;
import com.hubspot.jinjava.el.ext.ExtendedParser;
import com.hubspot.jinjava.el.ext.FilterSpec;
import com.hubspot.jinjava.el.ext.NamedParameterOperator;
import com.hubspot.jinjava.el.ext.OrOperator;
import com.hubspot.jinjava.el.ext.PowerOfOperator;
import com.hubspot.jinjava.el.ext.StringConcatOperator;
import com.hubspot.jinjava.el.ext.TruncDivOperator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.Builder;
import jinjava.de.odysseus.el.tree.impl.Parser;
import jinjava.de.odysseus.el.tree.impl.Scanner.ScanException;
import jinjava.de.odysseus.el.tree.impl.Scanner.Symbol;
import jinjava.de.odysseus.el.tree.impl.Scanner;
import jinjava.de.odysseus.el.tree.impl.ast.AstBinary;
import jinjava.de.odysseus.el.tree.impl.ast.AstBracket;
import jinjava.de.odysseus.el.tree.impl.ast.AstChoice;
import jinjava.de.odysseus.el.tree.impl.ast.AstDot;
import jinjava.de.odysseus.el.tree.impl.ast.AstFunction;
import jinjava.de.odysseus.el.tree.impl.ast.AstIdentifier;
import jinjava.de.odysseus.el.tree.impl.ast.AstMethod;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import jinjava.de.odysseus.el.tree.impl.ast.AstNull;
import jinjava.de.odysseus.el.tree.impl.ast.AstParameters;
import jinjava.de.odysseus.el.tree.impl.ast.AstProperty;
import jinjava.de.odysseus.el.tree.impl.ast.AstRightValue;
import jinjava.de.odysseus.el.tree.impl.ast.AstUnary;
import jinjava.javax.el.ELContext;
import org.jspecify.annotations.Nullable;

/**
 * Jinjava's parser of expressions, whose nodes compute as Python does: Jinjava's own compute as Java's expression language does, which
 * prints, compares, adds and negates otherwise, and calls methods of Java by reflection. Where its grammar is not Jinja's
 * ({@code not a == b}, {@code f(x=a ~ b)}, {@code n +1}, a comma before a closing bracket) it is mended.
 */
final class Grammar extends ExtendedParser {

    static final class Syntax extends ExtendedSyntaxBuilder {
        private static final long serialVersionUID = 1L;

        Syntax() {
            super(Feature.METHOD_INVOCATIONS, Feature.NULL_PROPERTIES, Feature.VARARGS);
        }

        @Override
        protected Parser createParser(String expression) {
            return new Grammar(this, expression);
        }
    }

    private Grammar(Builder context, String input) {
        super(context, input);
        infix(StringConcatOperator.TOKEN, ExtensionPoint.ADD, Grammar::concatenate);
        infix(AbsOperator.TOKEN, ExtensionPoint.ADD, Values::add);
        infix(TruncDivOperator.TOKEN, ExtensionPoint.MUL, Values::floorDivide);
        infix(PowerOfOperator.TOKEN, ExtensionPoint.MUL, Values::power);
        infix(CollectionMembershipOperator.TOKEN, ExtensionPoint.CMP, (item, all) -> Values.contains(all, item));
        infix(CollectionNonMembershipOperator.TOKEN, ExtensionPoint.CMP, (item, all) -> !Values.contains(all, item));
    }

    private static Object concatenate(Object a, Object b) {
        return Values.joined(Values.str(a), Values.str(b));
    }

    private void infix(Scanner.ExtensionToken token, ExtensionPoint point, BinaryOperator<Object> operation) {
        putExtensionHandler(token, new ExtensionHandler(point) {
            @Override
            public AstNode createAstNode(AstNode... children) {
                return new AstBinary(children[0], children[1], strict(operation));
            }
        });
    }

    private static AstBinary.Operator strict(BinaryOperator<Object> operation) {
        return (bindings, context, left, right) ->
                operation.apply(defined(left.eval(bindings, context)), defined(right.eval(bindings, context)));
    }

    private static Object defined(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        return value;
    }

    /** In Python {@code not} binds less than a comparison. */
    @Override
    protected AstNode eq(boolean required) throws ScanException, ParseException {
        if (getToken().getSymbol() == Symbol.NOT) {
            consumeToken();
            return createAstUnary(eq(true), AstUnary.NOT);
        }
        return super.eq(required);
    }

    /** What a call gives may be called in turn, as in {@code adapter.dispatch('name')(x)}. */
    @Override
    protected @Nullable AstNode value() throws ScanException, ParseException {
        AstNode value = super.value();
        while (value != null && getToken().getSymbol() == Symbol.LPAREN) {
            value = new Applied(value, params());
        }
        return value;
    }

    @Override
    protected AstParameters params(Symbol left, Symbol right) throws ScanException, ParseException {
        consumeToken(left);
        List<AstNode> arguments = new ArrayList<>();
        while (getToken().getSymbol() != right) {
            arguments.add(argument());
            if (getToken().getSymbol() != Symbol.COMMA) {
                break;
            }
            consumeToken();
        }
        consumeToken(right);
        return createAstParameters(arguments);
    }

    private AstNode argument() throws ScanException, ParseException {
        if (getToken().getSymbol() == Symbol.IDENTIFIER && lookahead(0) == NamedParameterOperator.TOKEN) {
            String name = consumeToken().getImage();
            consumeToken();
            return new Named(name, expr(true));
        }
        return expr(true);
    }

    @Override
    protected AstUnary createAstUnary(AstNode operand, AstUnary.Operator operator) {
        AstUnary.Operator python = operator == AstUnary.NOT
                ? (bindings, context, node) -> !Values.truth(node.eval(bindings, context))
                : operator == AstUnary.NEG
                        ? (bindings, context, node) -> Values.negate(node.eval(bindings, context))
                        : (bindings, context, node) -> {
                            throw TemplateFault.notSupported("'empty' is no word of Jinja");
                        };
        return new AstUnary(operand, python);
    }

    @Override
    protected AstBinary createAstBinary(AstNode left, AstNode right, AstBinary.Operator operator) {
        return new AstBinary(left, right, python(operator));
    }

    private static AstBinary.Operator python(AstBinary.Operator operator) {
        if (operator == AstBinary.AND) {
            return (bindings, context, left, right) -> {
                Object first = left.eval(bindings, context);
                return Values.truth(first) ? right.eval(bindings, context) : first;
            };
        }
        if (operator == OrOperator.OP || operator == AstBinary.OR) {
            return (bindings, context, left, right) -> {
                Object first = left.eval(bindings, context);
                return Values.truth(first) ? first : right.eval(bindings, context);
            };
        }
        return strict(operation(operator));
    }

    private static BinaryOperator<Object> operation(AstBinary.Operator operator) {
        Map<AstBinary.Operator, BinaryOperator<Object>> operations = Map.ofEntries(
                Map.entry(AdditionOperator.OP, Values::add),
                Map.entry(AstBinary.SUB, Values::subtract),
                Map.entry(AstBinary.MUL, Values::multiply),
                Map.entry(AstBinary.DIV, Values::divide),
                Map.entry(AstBinary.MOD, Values::modulo),
                Map.entry(AstBinary.EQ, (a, b) -> Values.equal(a, b)),
                Map.entry(AstBinary.NE, (a, b) -> !Values.equal(a, b)),
                Map.entry(AstBinary.LT, (a, b) -> Values.compare(a, b) < 0),
                Map.entry(AstBinary.LE, (a, b) -> Values.compare(a, b) <= 0),
                Map.entry(AstBinary.GT, (a, b) -> Values.compare(a, b) > 0),
                Map.entry(AstBinary.GE, (a, b) -> Values.compare(a, b) >= 0));
        return operations.get(operator);
    }

    @Override
    protected AstIdentifier createAstIdentifier(String name, int index) {
        return new Name(name, index);
    }

    @Override
    protected AstFunction createAstFunction(String name, int index, AstParameters params) {
        return new Call(name, index, params);
    }

    @Override
    protected AstMethod createAstMethod(AstProperty property, AstParameters params) {
        return new MethodCall(property, params);
    }

    @Override
    protected AstDot createAstDot(AstNode base, String property, boolean lvalue) {
        return new Dot(base, property, lvalue);
    }

    @Override
    protected AstBracket createAstBracket(AstNode base, AstNode property, boolean lvalue, boolean strict) {
        return new Bracket(base, property, lvalue, strict);
    }

    @Override
    protected AstRangeBracket createAstRangeBracket(
            AstNode base, @Nullable AstNode start, @Nullable AstNode end, boolean lvalue, boolean strict) {
        return new Slice(base, start, end, lvalue, strict);
    }

    @Override
    protected AstChoice createAstChoice(AstNode question, AstNode yes, AstNode no) {
        return new Choice(question, yes, no);
    }

    @Override
    protected AstList createAstList(AstParameters items) {
        return new Items(items);
    }

    @Override
    protected AstTuple createAstTuple(AstParameters items) {
        return new TupleItems(items);
    }

    @Override
    protected AstDict createAstDict(Map<AstNode, AstNode> entries) {
        return new Entries(entries);
    }

    @Override
    protected boolean shouldUseFilterChainOptimization() {
        return true;
    }

    @Override
    protected AstFilterChain createAstFilterChain(AstNode input, List<FilterSpec> filters) {
        return new FilterChain(input, filters);
    }

    private static Arguments arguments(@Nullable AstParameters params, Bindings bindings, ELContext context) {
        List<Object> positional = new ArrayList<>();
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; params != null && i < params.getCardinality(); i++) {
            if (params.getChild(i) instanceof Named argument) {
                named.put(argument.name, argument.value.eval(bindings, context));
            } else {
                positional.add(params.getChild(i).eval(bindings, context));
            }
        }
        return new Arguments(positional, named);
    }

    private static Object call(Object callable, String name, Arguments arguments) {
        if (callable instanceof Undefined) {
            throw TemplateFault.unknown("there is no macro or function '%s'".formatted(name));
        }
        if (callable instanceof Callable function) {
            return function.call(arguments);
        }
        throw TemplateFault.invalid("'%s' cannot be called".formatted(name));
    }

    /** {@code name=value} among arguments and parameters. */
    static final class Named extends AstRightValue {
        final String name;
        final AstNode value;

        private Named(String name, AstNode value) {
            this.name = name;
            this.value = value;
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            throw TemplateFault.invalid("'%s=' may stand among arguments only".formatted(name));
        }

        @Override
        public void appendStructure(StringBuilder builder, Bindings bindings) {
            builder.append(name).append('=');
            value.appendStructure(builder, bindings);
        }

        @Override
        public int getCardinality() {
            return 1;
        }

        @Override
        public AstNode getChild(int i) {
            return value;
        }
    }

    static final class Name extends AstIdentifier {
        private static final Set<String> NONE = Set.of("none", "None");

        private Name(String name, int index) {
            super(name, index);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return NONE.contains(getName()) ? None.NONE : Evaluation.scope(context).find(getName());
        }
    }

    /** {@code name(…)}: a call, or the head of a macro. */
    static final class Call extends AstFunction {
        private Call(String name, int index, AstParameters params) {
            super(name, index, params);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            Object callable = Evaluation.scope(context).find(getName());
            return call(callable, getName(), arguments((AstParameters) getChild(0), bindings, context));
        }

        /** As {@link #eval}, with the inside of a call block. */
        Object evaluate(Bindings bindings, ELContext context, Callable caller) {
            Arguments arguments = arguments((AstParameters) getChild(0), bindings, context);
            arguments.named().put("caller", caller);
            return call(Evaluation.scope(context).find(getName()), getName(), arguments);
        }
    }

    private static final class MethodCall extends AstMethod {
        private static final String TEST = "exptest:";
        private final AstProperty property;
        private final AstParameters params;

        private MethodCall(AstProperty property, AstParameters params) {
            super(property, params);
            this.property = property;
            this.params = params;
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return property instanceof Dot dot && dot.base() instanceof Name name && name.getName().startsWith(TEST)
                    ? test(name.getName().substring(TEST.length()), dot.name(), bindings, context)
                    : called(bindings, context);
        }

        /** Jinjava writes {@code x is [not] name(y)} as {@code exptest:name.evaluate[Negated](x, interpreter, y)}. */
        private Object test(String name, String evaluate, Bindings bindings, ELContext context) {
            List<Object> operands = new ArrayList<>();
            for (int i = 2; i < params.getCardinality(); i++) {
                operands.add(params.getChild(i).eval(bindings, context));
            }
            Object value = params.getChild(0).eval(bindings, context);
            return ValueTests.holds(name, value, operands) == evaluate.equals("evaluate");
        }

        private Object called(Bindings bindings, ELContext context) {
            Object callable = property.eval(bindings, context);
            String name = property instanceof Dot dot
                    ? (dot.base() instanceof Name base ? base.getName() + "." : "") + dot.name()
                    : property.toString();
            return call(callable, name, arguments(params, bindings, context));
        }
    }

    private static final class Applied extends AstRightValue {
        private final AstNode function;
        private final AstParameters params;

        private Applied(AstNode function, AstParameters params) {
            this.function = function;
            this.params = params;
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return call(function.eval(bindings, context), function.toString(), arguments(params, bindings, context));
        }

        @Override
        public void appendStructure(StringBuilder builder, Bindings bindings) {
            function.appendStructure(builder, bindings);
            params.appendStructure(builder, bindings);
        }

        @Override
        public int getCardinality() {
            return 2;
        }

        @Override
        public AstNode getChild(int i) {
            return i == 0 ? function : params;
        }
    }

    private static final class Dot extends AstDot {
        private Dot(AstNode base, String property, boolean lvalue) {
            super(base, property, lvalue);
        }

        private AstNode base() {
            return prefix;
        }

        private String name() {
            return property;
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return Values.attribute(prefix.eval(bindings, context), property);
        }
    }

    private static final class Bracket extends AstBracket {
        private Bracket(AstNode base, AstNode property, boolean lvalue, boolean strict) {
            super(base, property, lvalue, strict);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return Values.item(prefix.eval(bindings, context), property.eval(bindings, context));
        }
    }

    private static final class Slice extends AstRangeBracket {
        private final @Nullable AstNode start;
        private final @Nullable AstNode end;

        private Slice(AstNode base, @Nullable AstNode start, @Nullable AstNode end, boolean lvalue, boolean strict) {
            super(base, start, end, lvalue, strict, false);
            this.start = start;
            this.end = end;
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return Values.slice(prefix.eval(bindings, context), bound(start, bindings, context), bound(end, bindings, context));
        }

        private static Object bound(@Nullable AstNode node, Bindings bindings, ELContext context) {
            return node == null ? None.NONE : node.eval(bindings, context);
        }
    }

    /** {@code yes if question [else no]}; without else also what filters the items of a loop. */
    static final class Choice extends AstChoice {
        final AstNode question;
        final AstNode yes;
        private final AstNode no;

        private Choice(AstNode question, AstNode yes, AstNode no) {
            super(question, yes, no);
            this.question = question;
            this.yes = yes;
            this.no = no;
        }

        boolean hasElse() {
            return !(no instanceof AstNull);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            if (Values.truth(question.eval(bindings, context))) {
                return yes.eval(bindings, context);
            }
            return hasElse() ? no.eval(bindings, context) : "";
        }
    }

    private static final class Items extends AstList {
        private Items(AstParameters items) {
            super(items);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return arguments(elements, bindings, context).positional();
        }
    }

    private static final class TupleItems extends AstTuple {
        private TupleItems(AstParameters items) {
            super(items);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            return new Tuple(arguments(elements, bindings, context).positional());
        }
    }

    private static final class Entries extends AstDict {
        private Entries(Map<AstNode, AstNode> entries) {
            super(entries);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            Map<Object, Object> map = new LinkedHashMap<>();
            dict.forEach((key, value) -> map.put(defined(key.eval(bindings, context)), value.eval(bindings, context)));
            return map;
        }
    }

    private static final class FilterChain extends AstFilterChain {
        private FilterChain(AstNode input, List<FilterSpec> filters) {
            super(input, filters);
        }

        @Override
        public Object eval(Bindings bindings, ELContext context) {
            Object value = input.eval(bindings, context);
            for (FilterSpec filter : filterSpecs) {
                value = Filters.apply(filter.getName(), value, arguments(filter.getParams(), bindings, context));
            }
            return value;
        }
    }
}
