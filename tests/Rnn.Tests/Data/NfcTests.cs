using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Rnn.Data;

namespace Rnn.Tests.Data;

public sealed class NfcTests
{
    private static string Text(string codePoints) =>
        string.Concat(codePoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber))));

    [Fact]
    public void Texts_compose_as_python_composes_them()
    {
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "nfc.txt")).Where(line => !line.StartsWith('#')).ToArray();
        Assert.True(lines.Length > 1000);
        Assert.All(lines, line => Assert.Equal(Text(line[(line.IndexOf(';') + 1)..]), Nfc.Compose(Text(line[..line.IndexOf(';')]))));
    }

    [Theory]
    [InlineData("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글")]
    [InlineData("\uD558\u11ab", "한")]
    [InlineData("e\u0301te\u0301", "été")]
    [InlineData("\u212B", "Å")]
    [InlineData("a\u0301\u0323", "ạ\u0301")]
    [InlineData("", "")]
    public void Letters_become_the_character_they_spell(string typed, string expected) => Assert.Equal(expected, Nfc.Compose(typed));

    [Fact]
    public void What_is_composed_stays() =>
        Prop.ForAll(SampleText.Any, text => Nfc.Compose(Nfc.Compose(SampleText.Whole(text))) == Nfc.Compose(SampleText.Whole(text))).QuickCheckThrowOnFailure();

    /// <summary>Why there is a composition of our own; when this fails, the library's has come back.</summary>
    [Fact]
    public void The_library_composes_nothing_where_globalization_is_invariant() =>
        Assert.Equal("e\u0301", "e\u0301".Normalize(System.Text.NormalizationForm.FormC));
}
