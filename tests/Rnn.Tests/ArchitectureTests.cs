using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Rnn.Tests;

/// <summary>
/// The order of the rooms in src/Rnn, read from the source files:
/// Kernels → Tensors → {Data, Cells, Metrics} → Layers → {Models, Baselines} → {Decoding, Training} → Interchange, an arrow reads "is used by".
/// </summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, int> s_floor = new()
    {
        ["Kernels"] = 0,
        ["Tensors"] = 1,
        ["Data"] = 2,
        ["Cells"] = 2,
        ["Metrics"] = 2,
        ["Layers"] = 3,
        ["Models"] = 4,
        ["Baselines"] = 4,
        ["Decoding"] = 5,
        ["Training"] = 5,
        ["Interchange"] = 6,
    };

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    private static IEnumerable<string> Sources()
    {
        var folder = Path.Combine(Root(), "src", "Rnn");
        Assert.SkipUnless(Directory.Exists(folder), $"the sources are not beside the tests: {folder}");
        return Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/'))
            .Where(f => !f.StartsWith("bin/", StringComparison.Ordinal) && !f.StartsWith("obj/", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\bRnn\.(?<room>[A-Z]\w*)")]
    private static partial Regex Named();

    [GeneratedRegex(@"^\s*///.*$|//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [Fact]
    public void A_folder_uses_only_the_folders_below_it()
    {
        var files = Sources().ToArray();
        Assert.True(files.Length > 20);
        var offences = new List<string>();
        foreach (var file in files)
        {
            var text = Comments().Replace(File.ReadAllText(Path.Combine(Root(), "src", "Rnn", file)), "");
            if (!file.Contains('/'))
            {
                offences.Add($"{file} lies in no folder");
                continue;
            }

            var room = file[..file.IndexOf('/')];
            if (!s_floor.TryGetValue(room, out var floor)) offences.Add($"{file}: {room} is no known folder");
            if (!Regex.IsMatch(text, $@"^namespace Rnn\.{room};", RegexOptions.Multiline)) offences.Add($"{file}: namespace is not Rnn.{room}");
            offences.AddRange(Named().Matches(text).Select(m => m.Groups["room"].Value).Where(other => other != room && (!s_floor.TryGetValue(other, out var below) || below >= floor))
                .Distinct().Select(other => $"{file} uses Rnn.{other}"));
        }

        Assert.True(offences.Count == 0, string.Join('\n', offences));
    }

    [Fact]
    public void The_mathematics_knows_no_web_no_database_and_no_logging()
    {
        foreach (var file in Sources())
            Assert.DoesNotMatch(@"using (Microsoft\.|System\.Net|System\.Data)", File.ReadAllText(Path.Combine(Root(), "src", "Rnn", file)));
    }
}
