using FsCheck;
using FsCheck.Fluent;
using Rnn.Data;

namespace Rnn.Tests.Data;

/// <summary>Ids back to text.</summary>
public sealed class DecodingTests
{
    private static readonly TokenizerConfig Exact = new() { KeepSpaces = true, Lowercase = false, Normalization = Normalization.None };

    private static int[] Ids(Tokenizer tokenizer, string text) => tokenizer.Encode(text).Ids.ToArray();

    private static string Streamed(Tokenizer tokenizer, IEnumerable<int> ids)
    {
        var stream = new TokenStream(tokenizer);
        return string.Concat(ids.Select(stream.Next));
    }

    private static void Holds(Func<string, bool> property) => Prop.ForAll(SampleText.Any, property).QuickCheckThrowOnFailure();

    public static TheoryData<TokenizerKind> Kinds() => [TokenizerKind.Char, TokenizerKind.Word, TokenizerKind.Bpe];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_text_whose_tokens_are_known_comes_back(TokenizerKind kind) => Holds(text =>
    {
        var tokenizer = Tokenizer.Train([text, text], Exact with { Kind = kind });
        var ids = tokenizer.EncodeTarget(text);
        return ids[^1] == tokenizer.End && tokenizer.Decode(ids) == SampleText.Whole(text) && !ids.Contains(Vocabulary.Unknown);
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_text_comes_back_in_its_normalised_spelling(TokenizerKind kind) => Holds(text =>
    {
        var tokenizer = Tokenizer.Train([text], new TokenizerConfig { Kind = kind, KeepSpaces = true });
        string spelled = Nfc.Compose(SampleText.Whole(text)).ToLowerInvariant();
        return tokenizer.Decode(tokenizer.EncodeTarget(text)) == spelled;
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_a_text_with_unknown_tokens_the_tokens_still_stand_where_they_stood(TokenizerKind kind)
    {
        var tokenizer = Tokenizer.Train(["Hello, 영화가 🎬 isn't", "Hello, 영화가"], Exact with { Kind = kind });
        Holds(text =>
        {
            var (ids, split) = (tokenizer.EncodeTarget(text)[..^1], tokenizer.Split(text));
            string decoded = tokenizer.Decode(ids);
            return split.Count == ids.Length && string.Concat(split) == SampleText.Whole(text)
                && decoded == SampleText.Whole(decoded) && Streamed(tokenizer, ids) == decoded
                && split.Zip(ids).Skip(1).All(step => step.Second == Vocabulary.Unknown ? tokenizer.TokenText(0).EndsWith('\uFFFD') : step.First == tokenizer.TokenText(step.Second));
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_text_that_comes_in_parts_is_cut_as_when_it_comes_at_once(TokenizerKind kind)
    {
        foreach (bool keepsSpaces in new[] { true, false })
        {
            var config = new TokenizerConfig { Kind = kind, KeepSpaces = keepsSpaces };
            Prop.ForAll(SampleText.Any, SampleText.Any, SampleText.Any, (first, second, third) =>
            {
                // Parts end anywhere but within a surrogate pair.
                string[] parts = [SampleText.Whole(first), SampleText.Whole(second) + "\n", SampleText.Whole(third)];
                string[] whole = [.. TextCutting.Cut(string.Concat(parts), config).Select(token => token.ToString())];
                return whole.SequenceEqual(TextCutting.CutParts(parts, config, partLength: 1).SelectMany(tokens => tokens).Select(token => token.ToString()));
            }).QuickCheckThrowOnFailure();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_a_text_in_parts_the_same_is_learnt_and_written(TokenizerKind kind)
    {
        var config = Exact with { Kind = kind };
        // Several times what is cut at once.
        string[] parts = [.. Enumerable.Range(0, 30_000).Select(i => $"Line {i % 777}, isn't it? {(char)('가' + (i % 50))}{(i % 3 == 0 ? "\n" : " ")}")];
        var (atOnce, inParts) = (Tokenizer.Train([string.Concat(parts)], config), Tokenizer.TrainOnParts(parts, config));
        Assert.Equal(atOnce.ToJson(), inParts.ToJson());
        Assert.Equal(atOnce.EncodeTarget(string.Concat(parts))[..^1], inParts.EncodeParts(parts, 10).ToArray());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Saved_as_json_it_writes_as_before(TokenizerKind kind) => Holds(text =>
    {
        var tokenizer = Tokenizer.Train([text, text + " 가나다 abc"], Exact with { Kind = kind });
        var again = Tokenizer.FromJson(tokenizer.ToJson());
        return again.ToJson() == tokenizer.ToJson() && again.EmissionSize == tokenizer.EmissionSize
            && again.EncodeTarget(text).SequenceEqual(tokenizer.EncodeTarget(text)) && again.Decode(again.EncodeTarget(text)) == SampleText.Whole(text);
    });

    [Theory]
    [InlineData("The film isn't bad, is it?", new[] { "The", " film", " isn't", " bad", ",", " is", " it", "?" })]
    [InlineData("영화가 정말 재미있어요!", new[] { "영화가", " 정말", " 재미있어요", "!" })]
    [InlineData(" a  b\n\nc ", new[] { "", " a", " ", " b", "\n", "\n", "c", " " })]
    [InlineData("映画 🎬", new[] { "映", "画", " 🎬" })]
    [InlineData("▁ ▁", new[] { "▁", " ▁" })]
    public void Words_remember_the_space_before_them(string text, string[] tokens) =>
        Assert.Equal(tokens, Tokenizer.Train([text], Exact).Split(text));

    [Fact]
    public void The_first_word_is_the_same_token_as_elsewhere()
    {
        var tokenizer = Tokenizer.Train(["good film good"], Exact);
        Assert.Equal([1, 2, 1], Ids(tokenizer, "good film good"));
        Assert.Equal([1, 2, 1], tokenizer.EncodeTokens(["good", "film", "good"]).Ids.ToArray());
        Assert.Equal("good film", tokenizer.Decode([1, 2]));
    }

    [Fact]
    public void A_text_that_continues_another_keeps_its_space()
    {
        var tokenizer = Tokenizer.Train(["good film"], Exact);
        var stream = new TokenStream(tokenizer, continues: true);
        Assert.Equal(" film", stream.Next(Ids(tokenizer, "film")[0]));
    }

    [Theory]
    [InlineData(TokenizerKind.Word, "It's good, isn't it?", "it's good , isn't it ?")]
    [InlineData(TokenizerKind.Word, " 영화가  정말\n재미있어요! ", "영화가 정말 재미있어요 !")]
    [InlineData(TokenizerKind.Bpe, "It's good...  isn't it?", "it's good ... isn't it ?")]
    public void Words_without_their_spaces_are_joined_by_one(TokenizerKind kind, string text, string expected)
    {
        var tokenizer = Tokenizer.Train([text, text], new TokenizerConfig { Kind = kind });
        Assert.Equal(expected, tokenizer.Decode(Ids(tokenizer, text)));
        Assert.Equal(expected, Streamed(tokenizer, Ids(tokenizer, text)));
    }

    [Theory]
    [InlineData(TokenizerKind.Char, "c\uFFFDb", "cab")]
    [InlineData(TokenizerKind.Word, "\uFFFD b c", "never b c")]
    [InlineData(TokenizerKind.Word, "b \uFFFD c", "b never c")]
    [InlineData(TokenizerKind.Bpe, "b \uFFFDc", "b 🎬c")]
    public void What_is_unknown_becomes_the_replacement_character(TokenizerKind kind, string expected, string text)
    {
        var tokenizer = Tokenizer.Train(["b c bc"], Exact with { Kind = kind });
        Assert.Equal(expected, tokenizer.Decode(tokenizer.EncodeTarget(text)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Begin_and_end_are_ids_of_their_own_and_add_nothing(TokenizerKind kind)
    {
        var tokenizer = Tokenizer.Train(["a b", "a b"], Exact with { Kind = kind });
        Assert.Equal((tokenizer.VocabularySize, tokenizer.VocabularySize + 1, tokenizer.VocabularySize + 2), (tokenizer.Begin, tokenizer.End, tokenizer.EmissionSize));
        Assert.Equal([tokenizer.End], tokenizer.EncodeTarget(""));
        Assert.Equal("", tokenizer.Decode([]));
        Assert.Equal("a b", tokenizer.Decode([tokenizer.Begin, .. tokenizer.EncodeTarget("a b")]));
        Assert.Equal("a b", Streamed(tokenizer, [tokenizer.Begin, .. tokenizer.EncodeTarget("a b")]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([tokenizer.EmissionSize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenText(-1));
        Assert.Throws<ArgumentException>(() => tokenizer.Encode(""));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Letters_typed_one_by_one_are_the_syllable_unless_told_otherwise(TokenizerKind kind)
    {
        var config = Exact with { Kind = kind };
        var composing = Tokenizer.Train(["한글 한글"], config with { Normalization = Normalization.Nfc });
        Assert.Equal(Ids(composing, "한글"), Ids(composing, "\u1112\u1161\u11ab\u1100\u1173\u11af"));
        Assert.Contains(Vocabulary.Unknown, Ids(Tokenizer.Train(["한글 한글"], config), "\u1112\u1161\u11ab\u1100\u1173\u11af"));
    }

    [Fact]
    public void What_reads_only_does_not_write()
    {
        Assert.Throws<ArgumentException>(() => Tokenizer.Train(["a"], Exact with { TokenNgrams = 2 }));
        Assert.Throws<ArgumentException>(() => Tokenizer.Train(["a"], Exact with { SubwordFeatures = SubwordFeatures.Affix }));
        var reading = Tokenizer.Train(["a b", "a b"], new TokenizerConfig { TokenNgrams = 2 });
        Assert.Throws<InvalidOperationException>(() => reading.EncodeTarget("a b"));
        Assert.Throws<ArgumentOutOfRangeException>(() => reading.TokenText(reading.VocabularySize - 1));
    }
}
